import type { EventMetadata } from './metadata.ts';
import type { EventSchema, UpcastStep, WrittenVersion } from './schema-versions.ts';
import type { TagsOfPayload } from './tagged-shape.ts';

/** One event type: its stored name, its newest schema, and the upcast steps from older ones. */
export interface EventDefinition {
  /** `<category>.<name>`, as in the log. */
  readonly type: string;
  readonly schemaVersion: number;
  readonly schema: EventSchema;
  /** The version of new events: the newest, unless a release reads a newer version than it writes. */
  readonly written: WrittenVersion;
  /** The tags of new events; undefined when none are declared. */
  readonly tags: TagsOfPayload | undefined;
  /** The schemas of all versions, oldest first. */
  readonly schemas: readonly EventSchema[];
  readonly steps: readonly UpcastStep[];
  /** Source text of the steps. */
  readonly code: readonly string[];
}

/** The parts of an event beside its payload. */
export interface EventOptions {
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

/** The options of an event that a command decides on: its id is made from the command id. */
export type DecidedEventOptions = Omit<EventOptions, 'id'>;
