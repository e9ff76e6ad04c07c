import type { z } from 'zod';
import type { JsonValue } from './json.ts';

/**
 * Information about the origin of an event. All fields are optional in a direct append. Executing a command sets
 * `commandId`, `correlationId` and `causationId`.
 */
export interface EventMetadata {
  /** Id of the command that emitted the event. */
  readonly commandId?: string | undefined;
  /** The same id for all events and commands that follow from one first cause. */
  readonly correlationId?: string | undefined;
  /** Id of the event or command that directly caused this event. */
  readonly causationId?: string | undefined;
  /** The user or service that sent the command. */
  readonly actor?: string | undefined;
  /** W3C Trace Context, `00-<trace id>-<parent id>-<flags>`. */
  readonly traceparent?: string | undefined;
  /** Fields of the application. */
  readonly [field: string]: JsonValue | undefined;
}

/** The application's own metadata fields. */
export interface CustomMetadata {
  readonly [field: string]: JsonValue | undefined;
}

/** A zod object schema of the application's own metadata fields. */
export type MetadataSchema = z.ZodType<CustomMetadata, CustomMetadata>;

/** The metadata of an event with the application's own fields, as its schema has checked them. */
export type MetadataWith<TOwn extends CustomMetadata> = string extends keyof TOwn
  ? EventMetadata
  : EventMetadata & TOwn;

/**
 * The metadata of an event that is read from the log. The application's own fields are optional: an event that was
 * appended without a command, or before the schema had a field, lacks them.
 */
export type RecordedMetadata<TOwn extends CustomMetadata> = MetadataWith<
  string extends keyof TOwn ? TOwn : Partial<TOwn>
>;
