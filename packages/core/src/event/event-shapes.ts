import type { z } from 'zod';
import type { JsonValue } from './json.ts';
import type { EventSchema, SchemaVersions, WrittenVersion } from './schema-versions.ts';
import type { TaggedShape } from './tagged-shape.ts';

/** A zod schema, or a history of schemas that starts with `schemaVersions(v1)`. */
export type UntaggedShape = EventSchema | SchemaVersions<JsonValue, unknown, WrittenVersion | undefined>;

/** The shape of a payload: a zod schema or a history of schemas, and with `tagged(...)` the tags of its events. */
export type EventShape = UntaggedShape | TaggedShape<UntaggedShape>;

/** Keys of tags by event name. An event without tags is left out. */
export type TagKeys = Readonly<Record<string, string>>;

/** The name of an event whose shape declares tags. */
export type TaggedName<TShape, TName> = TShape extends TaggedShape<UntaggedShape> ? TName : never;

/** The keys of the tags that a shape declares. */
export type TagKeyOf<TShape> = TShape extends TaggedShape<UntaggedShape, infer TKey> ? TKey : never;

/** Payload shapes by event name. */
export type EventShapes = Readonly<Record<string, EventShape>>;

/**
 * Payloads by event name, as they are stored; {@link ParsedPayload} where the schema's input differs from its output,
 * {@link ReadAheadPayload} where a newer version is read than is written.
 */
export type Payloads = Readonly<Record<string, unknown>>;

declare const parsed: unique symbol;

/** Exists in types only: the payload of a schema whose input differs from its output, such as one with a default. */
export interface ParsedPayload<TData, TInput> {
  readonly [parsed]: { readonly data: TData; readonly input: TInput };
}

declare const readAhead: unique symbol;

/** Exists in types only: a payload that is read in a newer version than it is written. */
export interface ReadAheadPayload<TData, TWritten> {
  readonly [readAhead]: { readonly data: TData; readonly written: TWritten };
}

/** In brackets, so that a union is compared as a whole. */
type PayloadOf<TData, TInput> = [TData, TInput] extends [TInput, TData]
  ? TData
  : ParsedPayload<TData, TInput>;

/** The payload of one shape. */
export type ShapePayload<TShape> =
  TShape extends TaggedShape<infer TUntagged> ? UntaggedPayload<TUntagged> : UntaggedPayload<TShape>;

type UntaggedPayload<TShape> =
  TShape extends SchemaVersions<infer TData, infer TInput, infer TWritten>
    ? TWritten extends WrittenVersion<infer TWrittenData, infer TWrittenInput>
      ? ReadAheadPayload<TData, PayloadOf<TWrittenData, TWrittenInput>>
      : PayloadOf<TData, TInput>
    : TShape extends z.ZodType<infer TData extends JsonValue>
      ? PayloadOf<TData, z.input<TShape>>
      : never;

/** A payload as it is read. */
export type EventData<TPayload> =
  TPayload extends ReadAheadPayload<infer TData extends JsonValue, unknown>
    ? TData
    : TPayload extends ParsedPayload<infer TData extends JsonValue, unknown>
      ? TData
      : TPayload extends JsonValue
        ? TPayload
        : never;

/** The payload of a new event. */
type WrittenPayload<TPayload> =
  TPayload extends ReadAheadPayload<unknown, infer TWritten> ? TWritten : TPayload;

/** A payload as it is written. */
export type WrittenData<TPayload> = EventData<WrittenPayload<TPayload>>;

/** A payload as it is passed to a creator. */
export type EventInput<TPayload> =
  WrittenPayload<TPayload> extends ParsedPayload<unknown, infer TInput> ? TInput : WrittenPayload<TPayload>;

/** A payload of the newest version as it is given to the schema of that version. */
export type ReadInput<TPayload> =
  TPayload extends ReadAheadPayload<infer TData, unknown>
    ? TData
    : TPayload extends ParsedPayload<unknown, infer TInput>
      ? TInput
      : TPayload;
