import type { z } from 'zod';
import { InvalidEventError, toSchemaIssues } from '../errors/definition-errors.ts';
import { assertCategory, assertMemberName } from '../naming/names.ts';
import type { NewEvent, RecordedEvent } from './event.ts';
import type { EventDefinition, EventOptions } from './event-definition.ts';
import type { JsonValue } from './json.ts';
import { SchemaVersions, type EventSchema } from './schema-versions.ts';
import { ValidatedEvent } from './validated-event.ts';

/** A payload's shape: a zod schema, or a history of them that begins with `schemaVersions(v1)`. */
type EventShape = EventSchema | SchemaVersions<JsonValue, unknown>;

/** Payload shapes by event name. */
export type EventShapes = Readonly<Record<string, EventShape>>;

/** Payloads by event name: what is stored and read, or {@link ParsedPayload} where something else is given. */
export type Payloads = Readonly<Record<string, unknown>>;

declare const parsed: unique symbol;

/** Only in types: a payload whose schema takes another type than it puts out, such as a field with a default. */
export interface ParsedPayload<TData, TInput> {
  readonly [parsed]: { readonly data: TData; readonly input: TInput };
}

/** In brackets, so that a union is looked at as a whole. */
type PayloadOf<TData, TInput> = [TData, TInput] extends [TInput, TData]
  ? TData
  : ParsedPayload<TData, TInput>;

/** What the newest schema puts out. */
type DataOf<TShape> =
  TShape extends SchemaVersions<infer TData, unknown>
    ? TData
    : TShape extends z.ZodType<infer TData extends JsonValue>
      ? TData
      : never;

/** What the newest schema takes. */
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

/** A payload as it is given. */
type EventInput<TPayload> = TPayload extends ParsedPayload<unknown, infer TInput> ? TInput : TPayload;

/** One function per event, named as the event: checks the payload and makes the event. */
export type EventCreators<TCategory extends string, TPayloads extends Payloads> = {
  readonly [TName in keyof TPayloads & string]: (
    data: EventInput<TPayloads[TName]>,
    options?: EventOptions,
  ) => NewEvent<`${TCategory}.${TName}`, EventData<TPayloads[TName]>>;
};

/** The part of an event group that the framework works with, whatever its types. */
export interface AnyEventGroup {
  readonly category: string;
  readonly definitions: readonly EventDefinition[];
  readonly create: Readonly<Record<string, (data: never, options?: EventOptions) => NewEvent>>;
}

/** The events of one category, declared once. */
export interface EventGroup<TCategory extends string, TPayloads extends Payloads> extends AnyEventGroup {
  readonly category: TCategory;
  /**
   * Makes an event: `accountEvents.create.opened({ owner })`.
   *
   * @throws InvalidEventError when the data does not fit the schema. Nothing unparsed is ever appended.
   */
  readonly create: EventCreators<TCategory, TPayloads>;
}

/** Any event of a group, before it is stored. Narrow it by `type`. */
export type NewEventOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads>
    ? {
        [TName in keyof TPayloads & string]: NewEvent<`${TCategory}.${TName}`, EventData<TPayloads[TName]>>;
      }[keyof TPayloads & string]
    : NewEvent;

/** Any event of a group, as it is read. Narrow it by `type`. */
export type RecordedEventOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TPayloads>
    ? {
        [TName in keyof TPayloads & string]: RecordedEvent<
          `${TCategory}.${TName}`,
          EventData<TPayloads[TName]>
        >;
      }[keyof TPayloads & string]
    : RecordedEvent;

/**
 * Declares the events of one category: their names and the shapes of their payloads.
 *
 * An event is stored under the type `<category>.<name>`. Payloads must survive JSON unchanged: use
 * `z.iso.datetime()` rather than `z.date()`. A schema that changes what it parses (a default, a trim) must leave
 * its own results as they are, since a copied event is parsed again.
 *
 * @throws InvalidNameError when a name is empty, too long or has other characters than letters, digits, "_" and "-".
 */
export function defineEvents<const TCategory extends string, TShapes extends EventShapes>(
  category: TCategory,
  shapes: TShapes,
): EventGroup<
  TCategory,
  // Not a type with a name, so that an editor shows the payloads instead of the name and the schemas.
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

/** The payloads are those of the definitions; a function for each name forgets which. */
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
    ? { type, schemaVersion: shape.schemaVersion, schema: shape.schema, steps: shape.steps }
    : { type, schemaVersion: 1, schema: shape, steps: [] };
}

function creatorOf(definition: EventDefinition) {
  return (data: unknown, options?: EventOptions): NewEvent =>
    new ValidatedEvent(definition, parsePayload(definition, data), options);
}

/**
 * The data as the definition's newest schema puts it out.
 *
 * @param position where the event stands in the log, when it was read from there.
 * @throws InvalidEventError when `data` does not fit.
 */
export function parsePayload(definition: EventDefinition, data: unknown, position?: number): JsonValue {
  const parsed = definition.schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issues = toSchemaIssues(parsed.error);
  throw new InvalidEventError(definition.type, definition.schemaVersion, issues, { position });
}
