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

/** A payload as it is stored and read: the newest schema's output. */
export type EventData<TShape> =
  TShape extends SchemaVersions<infer TData, unknown>
    ? TData
    : TShape extends z.ZodType<infer TData extends JsonValue>
      ? TData
      : never;

/** A payload as it is given: the newest schema's input. */
type EventInput<TShape> =
  TShape extends SchemaVersions<JsonValue, infer TInput>
    ? TInput
    : TShape extends z.ZodType
      ? z.input<TShape>
      : never;

/** One function per event, named as the event: checks the payload and makes the event. */
export type EventCreators<TCategory extends string, TShapes extends EventShapes> = {
  readonly [TName in keyof TShapes & string]: (
    data: EventInput<TShapes[TName]>,
    options?: EventOptions,
  ) => NewEvent<`${TCategory}.${TName}`, EventData<TShapes[TName]>>;
};

/** The part of an event group that the framework works with, whatever its types. */
export interface AnyEventGroup {
  readonly category: string;
  readonly shapes: EventShapes;
  readonly definitions: readonly EventDefinition[];
  readonly create: Readonly<Record<string, (data: never, options?: EventOptions) => NewEvent>>;
}

/** The events of one category, declared once. */
export interface EventGroup<TCategory extends string, TShapes extends EventShapes> extends AnyEventGroup {
  readonly category: TCategory;
  readonly shapes: TShapes;
  /**
   * Makes an event: `accountEvents.create.opened({ owner })`.
   *
   * @throws InvalidEventError when the data does not fit the schema. Nothing unparsed is ever appended.
   */
  readonly create: EventCreators<TCategory, TShapes>;
}

/** Any event of a group, before it is stored. Narrow it by `type`. */
export type NewEventOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TShapes>
    ? {
        [TName in keyof TShapes & string]: NewEvent<`${TCategory}.${TName}`, EventData<TShapes[TName]>>;
      }[keyof TShapes & string]
    : NewEvent;

/** Any event of a group, as it is read. Narrow it by `type`. */
export type RecordedEventOf<TGroup> =
  TGroup extends EventGroup<infer TCategory, infer TShapes>
    ? {
        [TName in keyof TShapes & string]: RecordedEvent<`${TCategory}.${TName}`, EventData<TShapes[TName]>>;
      }[keyof TShapes & string]
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
): EventGroup<TCategory, TShapes> {
  assertCategory(category);
  const definitions = Object.entries(shapes).map(([name, shape]) => toDefinition(category, name, shape));
  const creators = Object.keys(shapes).map((name, index) => [name, creatorOf(definitions[index]!)]);
  return {
    category,
    shapes,
    definitions,
    // Object.fromEntries forgets the names; they are the keys of `shapes` by construction.
    create: Object.fromEntries(creators) as EventCreators<TCategory, TShapes>,
  };
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
