import type { z } from 'zod';
import { InvalidEventError } from '../errors/definition-errors.ts';
import { assertOptions, type OptionNames } from '../input/assert-argument.ts';
import { assertMembers, assertSchema } from '../input/assert-definition.ts';
import { parseWith } from '../input/parse-with.ts';
import { assertCategory, assertMemberName } from '../naming/names.ts';
import type { NewEvent, RecordedEvent } from './event.ts';
import type { EventDefinition, EventOptions } from './event-definition.ts';
import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';
import { SchemaVersions, type EventSchema, type WrittenVersion } from './schema-versions.ts';
import { ValidatedEvent } from './validated-event.ts';

/** The shape of a payload: a zod schema, or a history of schemas that starts with `schemaVersions(v1)`. */
type EventShape = EventSchema | SchemaVersions<JsonValue, unknown, WrittenVersion | undefined>;

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
type ShapePayload<TShape> =
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
type WrittenData<TPayload> = EventData<WrittenPayload<TPayload>>;

/** A payload as it is passed to a creator. */
type EventInput<TPayload> =
  WrittenPayload<TPayload> extends ParsedPayload<unknown, infer TInput> ? TInput : WrittenPayload<TPayload>;

/** One function per event: validates the payload and makes the event. */
export type EventCreators<
  TCategory extends string,
  TPayloads extends Payloads,
  TOptions extends EventOptions = EventOptions,
> = {
  readonly [TName in keyof TPayloads & string]: (
    data: EventInput<TPayloads[TName]>,
    options?: TOptions,
  ) => NewEvent<`${TCategory}.${TName}`, WrittenData<TPayloads[TName]>>;
};

/** The part of an event group that the framework uses, without its types. */
export interface AnyEventGroup {
  readonly category: string;
  readonly definitions: readonly EventDefinition[];
  readonly create: Readonly<Record<string, (data: never, options?: EventOptions) => NewEvent>>;
}

/** The events of one category. */
export interface EventGroup<TCategory extends string, TPayloads extends Payloads> extends AnyEventGroup {
  readonly category: TCategory;
  /**
   * Makes an event: `accountEvents.create.opened({ owner })`.
   *
   * @throws InvalidEventError when the data does not match the schema. Only parsed payloads are appended.
   */
  readonly create: EventCreators<TCategory, TPayloads>;
}

/** Any event of a group, before it is appended. Narrow it by `type`. */
export type NewEventOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads>
    ? {
        [TName in keyof TPayloads & string]: NewEvent<`${TCategory}.${TName}`, WrittenData<TPayloads[TName]>>;
      }[keyof TPayloads & string]
    : NewEvent;

/** Any event of a group, with its data as it is read back once it is appended. */
export type EmittedEventOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads>
    ? {
        [TName in keyof TPayloads & string]: NewEvent<`${TCategory}.${TName}`, EventData<TPayloads[TName]>>;
      }[keyof TPayloads & string]
    : NewEvent;

/**
 * Any event of a group, as it is read from the log. Narrow it by `type`.
 *
 * A group without its types has events of any type; no group has none.
 */
export type RecordedEventOf<TGroup, TMetadata extends EventMetadata = EventMetadata> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads>
    ? {
        [TName in keyof TPayloads & string]: RecordedEvent<
          `${TCategory}.${TName}`,
          EventData<TPayloads[TName]>,
          TMetadata
        >;
      }[keyof TPayloads & string]
    : RecordedEvent<string, JsonValue, TMetadata>;

/**
 * Defines the events of one category: their names and the schemas of their payloads.
 *
 * An event is stored with the type `<category>.<name>`. Payloads must survive JSON unchanged, and an append refuses those
 * that do not: use `z.iso.datetime()` instead of `z.date()`. A schema that changes its input (a default, a trim) must accept its own output unchanged,
 * since a copied event is parsed again.
 *
 * @example
 * ```ts
 * export const accountEvents = defineEvents('account', {
 *   opened: z.object({ owner: z.string().min(1) }),
 *   deposited: z.object({ cents: z.int().positive() }),
 * });
 * accountEvents.create.opened({ owner: 'Ada' }); // an event of the type "account.opened"
 * ```
 *
 * @param category the part of a stream's name before its first hyphen, and the name of the aggregate
 * @throws InvalidArgumentError when a shape is neither a schema nor a history of schemas.
 * @throws InvalidNameError when a name is empty, too long or has other characters than letters, digits, "_" and "-".
 */
export function defineEvents<const TCategory extends string, TShapes extends EventShapes>(
  category: TCategory,
  shapes: TShapes,
): EventGroup<
  TCategory,
  // An anonymous type, so that an editor shows the payloads and not the schemas.
  { [TName in keyof TShapes & string]: ShapePayload<TShapes[TName]> }
> {
  assertCategory(category);
  assertMembers('shapes', shapes, 'an object with a zod schema for each event', (argument, shape) => {
    if (!(shape instanceof SchemaVersions)) assertSchema(argument, shape);
  });
  const definitions = Object.entries(shapes).map(([name, shape]) => toDefinition(category, name, shape));
  return {
    category,
    definitions,
    create: creatorsOf(definitions, Object.keys(shapes)),
  };
}

/** Sound as long as `names` are the names of `TPayloads`. */
function creatorsOf<TCategory extends string, TPayloads extends Payloads>(
  definitions: readonly EventDefinition[],
  names: readonly string[],
): EventCreators<TCategory, TPayloads> {
  const creators = names.map((name, index) => [name, creatorOf(definitions[index]!)]);
  return Object.fromEntries(creators) as EventCreators<TCategory, TPayloads>;
}

function toDefinition(category: string, name: string, shape: EventShape): EventDefinition {
  assertMemberName('event name', name);
  const type = `${category}.${name}`;
  if (!(shape instanceof SchemaVersions)) {
    const only = { schemaVersion: 1, schema: shape };
    return { type, ...only, written: only, steps: [], code: [] };
  }
  const { schemaVersion, schema, steps, code, writtenVersion } = shape;
  return { type, schemaVersion, schema, steps, code, written: writtenVersion ?? { schemaVersion, schema } };
}

const optionNames: OptionNames<EventOptions> = { id: true, tags: true, metadata: true };

function creatorOf(definition: EventDefinition) {
  return (data: unknown, options?: EventOptions): NewEvent => {
    assertOptions('options', options, optionNames);
    return new ValidatedEvent(definition, parsePayload(definition.type, definition.written, data), options);
  };
}

/**
 * Parses data by one schema of an event type.
 *
 * @param position the event's position, when it was read from the log
 * @throws InvalidEventError when `data` does not match the schema.
 */
export function parsePayload(
  type: string,
  { schemaVersion, schema }: WrittenVersion,
  data: unknown,
  position?: number,
): JsonValue {
  const parsed = parseWith(`event "${type}"`, schema, data);
  if (parsed.success) return parsed.data;
  throw new InvalidEventError(type, schemaVersion, parsed.issues, { position });
}
