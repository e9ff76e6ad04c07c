import type { ExpectedVersion } from '../errors/append-errors.ts';
import type { EventMetadata } from '../event/metadata.ts';
import type { UpcastPayload } from '../event/upcast.ts';
import type { ConditionQuery } from '../store/query.ts';

/** A validated event, ready to be stored. */
export interface PreparedEvent {
  readonly id: string;
  readonly type: string;
  /** Of the stored payload. */
  readonly schemaVersion: number;
  readonly dataJson: string;
  /** The payload as reads return it: in a newer version where one is read than is written. */
  readonly read: UpcastPayload;
  readonly metadata: EventMetadata;
  readonly metadataJson: string;
  readonly tags: readonly string[];
}

/** The part of a request for one stream. */
export interface StreamPart {
  readonly streamId: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: readonly PreparedEvent[];
}

/** A validated condition. */
export interface PreparedCondition {
  /** At least one. */
  readonly queries: readonly ConditionQuery[];
  /** Of the queries that have no position of their own. */
  readonly after: number;
}

/** One atomic append, validated by `prepareRequest` and ready to be stored. */
export interface AppendRequest {
  /** At least one. Each stream occurs once. */
  readonly streams: readonly StreamPart[];
  readonly commandId: string | undefined;
  readonly condition: PreparedCondition | undefined;
  /** The store's era in which the caller read what the append rests on; undefined when it did not say. */
  readonly era: number | undefined;
  /** The tags of all events. */
  readonly tags: ReadonlySet<string>;
  /** The types of all events. */
  readonly types: ReadonlySet<string>;
  readonly eventCount: number;
  /** Size of all data and metadata, in characters of JSON, and of all tags. */
  readonly size: number;
  /** Estimated bytes that the request takes in memory until it has ended. */
  readonly memory: number;
}
