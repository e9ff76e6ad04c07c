import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';

/** A fact, before storage has given it a place. Made by `events.create.<name>(data)`. */
export interface NewEvent<TType extends string = string, TData extends JsonValue = JsonValue> {
  readonly type: TType;
  /** Version of the payload's schema, from 1. */
  readonly schemaVersion: number;
  readonly data: TData;
  /** Names the event for ever: appending the same id again adds nothing. Made by the store when absent. */
  readonly id?: string | undefined;
  /** `key:value` words to find the event by, across streams. */
  readonly tags?: readonly string[] | undefined;
  /** Wins over the metadata given to the append, field by field. */
  readonly metadata?: EventMetadata | undefined;
}

/** An event with its place in the log. */
export interface RecordedEvent<TType extends string = string, TData extends JsonValue = JsonValue> {
  readonly type: TType;
  /** Version of the schema that `data` fits now, after upcasting. */
  readonly schemaVersion: number;
  readonly data: TData;
  readonly id: string;
  readonly streamId: string;
  /** Place within the stream: 1, 2, 3 … without holes. */
  readonly streamVersion: number;
  /** Place within the whole store: rising, holes allowed, never reused. */
  readonly position: number;
  /** The database's clock when the append ran. */
  readonly recordedAt: Date;
  readonly metadata: EventMetadata;
  readonly tags: readonly string[];
}
