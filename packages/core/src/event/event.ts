import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';

/** An event before it is appended. Made by `events.create.<name>(data)`. */
export interface NewEvent<TType extends string = string, TData extends JsonValue = JsonValue> {
  readonly type: TType;
  /** Version of the payload's schema, from 1. */
  readonly schemaVersion: number;
  readonly data: TData;
  /**
   * Identifies the event: appending it again under the same id adds nothing. Not for an event of a command, which gets
   * its id from the command id.
   *
   * @default a UUIDv7
   */
  readonly id?: string | undefined;
  /**
   * `key:value` texts by which the event is found across streams, beside those that its definition declares. At most 64
   * together.
   *
   * @default none
   */
  readonly tags?: readonly string[] | undefined;
  /** Wins over the append's metadata, field by field, except for `commandId`. @default none */
  readonly metadata?: EventMetadata | undefined;
}

/** What the log has, for an event that is read from a stored one of a retired type. */
export interface ReadFrom {
  /** The stored type. */
  readonly type: string;
  readonly schemaVersion: number;
  /** Place of the event among those that the stored one is read as, from 0. */
  readonly index: number;
  /** How many events the stored one is read as. */
  readonly count: number;
}

/**
 * An event in the log.
 *
 * A stored event whose type is retired may be read as several events. They have its id, stream version and position in
 * common, and differ in `readFrom.index`.
 */
export interface RecordedEvent<
  TType extends string = string,
  TData extends JsonValue = JsonValue,
  TMetadata extends EventMetadata = EventMetadata,
> {
  readonly type: TType;
  /** Version of the schema that `data` matches, after upcasting. */
  readonly schemaVersion: number;
  readonly data: TData;
  readonly id: string;
  readonly streamId: string;
  /** Place in the stream: 1, 2, 3 … without holes. */
  readonly streamVersion: number;
  /** Place in the whole log: increasing, with holes, never reused. */
  readonly position: number;
  /** When the event was appended, by the clock of the database. */
  readonly recordedAt: Date;
  readonly metadata: TMetadata;
  readonly tags: readonly string[];
  /** Given when the event is read from a stored one of a retired type. */
  readonly readFrom?: ReadFrom | undefined;
}
