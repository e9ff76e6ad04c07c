import type { ExpectedVersion } from '../errors/append-errors.ts';
import type { JsonValue } from '../event/json.ts';
import type { EventMetadata } from '../event/metadata.ts';
import type { TaggedQuery } from '../store/event-store.ts';

/** An event that is checked and ready to be stored. */
export interface PreparedEvent {
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: JsonValue;
  readonly dataJson: string;
  readonly metadata: EventMetadata;
  readonly metadataJson: string;
  readonly tags: readonly string[];
}

/** One stream's part of an append. */
export interface StreamPart {
  readonly streamId: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: readonly PreparedEvent[];
}

/** A condition that is checked. */
export interface PreparedCondition {
  /** At least one. */
  readonly queries: readonly TaggedQuery[];
  readonly after: number;
}

/** One atomic append, checked and ready to be sent, or applied. Made by `prepareRequest`. */
export interface AppendRequest {
  /** At least one, each stream once. */
  readonly streams: readonly StreamPart[];
  readonly commandId: string | undefined;
  readonly condition: PreparedCondition | undefined;
  /** Of all its events, each once. */
  readonly tags: ReadonlySet<string>;
  readonly eventCount: number;
  /** Characters of all data and metadata as JSON. */
  readonly size: number;
}
