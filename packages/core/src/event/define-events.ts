import type { z } from 'zod';
import { InvalidEventError, toSchemaIssues } from '../errors/definition-errors.ts';
import { assertCategory, assertMemberName } from '../naming/names.ts';
import type { NewEvent, RecordedEvent } from './event.ts';
import type { EventDefinition, EventOptions } from './event-definition.ts';
import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';
import { SchemaVersions, type EventSchema } from './schema-versions.ts';
import { ValidatedEvent } from './validated-event.ts';

/** The shape of a payload: a zod schema, or a history of schemas that starts with `schemaVersions(v1)`. */
type EventShape = EventSchema | SchemaVersions<JsonValue, unknown>;

/** Payload shapes by event name. */
export type EventShapes = Readonly<Record<string, EventShape>>;

/**
 * Payloads by event name, as they are stored; {@link ParsedPayload} where the schema's input differs from its output.
 */
export type Payloads = Readonly<Record<string, unknown>>;

declare const parsed: unique symbol;

/** Exists in types only: the payload of a schema whose input differs from its output, such as one with a default. */
export interface ParsedPayload<TData, TInput> {
  readonly [parsed]: { readonly data: TData; readonly input: TInput };
}

/** In brackets, so that a union is compared as a whole. */
type PayloadOf<TData, TInput> = [TData, TInput] extends [TInput, TData]
  ? TData
  : ParsedPayload<TData, TInput>;

/** Output of the newest schema. */
type DataOf<TShape> =
  TShape extends SchemaVersions<infer TData, unknown>
    ? TData
    : TShape extends z.ZodType<infer TData extends JsonValue>
      ? TData
      : never;

/** Input of the newest schema. */
type InputOf<TShape> =
  TShape extends SchemaVersions<JsonValue, infer TInput>
    ? TInput
    : TShape extends z.ZodType
      ? z.input<TShape>
      : never;

/** A payload as it is stored and read. */
export type EventData<TPayload> =
  TPayload extends ParsedPayload<infer TData extends JsonValue, unknown>
    ? TData
    : TPayload extends JsonValue
      ? TPayload
      : never;

/** A payload as it is passed to a creator. */
type EventInput<TPayload> = TPayload extends ParsedPayload<unknown, infer TInput> ? TInput : TPayload;

/** One function per event: validates the payload and makes the event. */
export type EventCreators<TCategory extends string, TPayloads extends Payloads> = {
  readonly [TName in keyof TPayloads & string]: (
    data: EventInput<TPayloads[TName]>,
    options?: EventOptions,
  ) => NewEvent<`${TCategory}.${TName}`, EventData<TPayloads[TName]>>;
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
 * An event is stored with the type `<category>.<name>`. Payloads must survive JSON unchanged: use `z.iso.datetime()`
 * instead of `z.date()`. A schema that changes its input (a default, a trim) must accept its own output unchanged,
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
 * @throws InvalidNameError when a name is empty, too long or has other characters than letters, digits, "_" and "-".
 */
export function defineEvents<const TCategory extends string, TShapes extends EventShapes>(
  category: TCategory,
  shapes: TShapes,
): EventGroup<
  TCategory,
  // An anonymous type, so that an editor shows the payloads and not the schemas.
  { [TName in keyof TShapes & string]: PayloadOf<DataOf<TShapes[TName]>, InputOf<TShapes[TName]>> }
> {
  assertCategory(category);
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
  return shape instanceof SchemaVersions
    ? { type, schemaVersion: shape.schemaVersion, schema: shape.schema, steps: shape.steps, code: shape.code }
    : { type, schemaVersion: 1, schema: shape, steps: [], code: [] };
}

function creatorOf(definition: EventDefinition) {
  return (data: unknown, options?: EventOptions): NewEvent =>
    new ValidatedEvent(definition, parsePayload(definition, data), options);
}

/**
 * Parses data by the newest schema of a definition.
 *
 * @param position the event's position, when it was read from the log
 * @throws InvalidEventError when `data` does not match the schema.
 */
export function parsePayload(definition: EventDefinition, data: unknown, position?: number): JsonValue {
  const parsed = definition.schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issues = toSchemaIssues(parsed.error);
  throw new InvalidEventError(definition.type, definition.schemaVersion, issues, { position });
}
