import { assertOptions, type OptionNames } from '../input/assert-argument.ts';
import { assertGiven, assertMembers } from '../input/assert-definition.ts';
import { assertCategory } from '../naming/names.ts';
import type { NewEvent, RecordedEvent } from './event.ts';
import type { EventDefinition, EventOptions } from './event-definition.ts';
import type {
  EventData,
  EventInput,
  EventShapes,
  Payloads,
  ReadInput,
  ShapePayload,
  TaggedName,
  TagKeyOf,
  TagKeys,
  WrittenData,
} from './event-shapes.ts';
import type { JsonValue } from './json.ts';
import type { EventMetadata } from './metadata.ts';
import { parsePayload } from './parse-payload.ts';
import {
  type RetiredDefinition,
  type RetiredEvent,
  type RetiredOptions,
  type TargetNames,
  toRetiredDefinitions,
} from './retired-events.ts';
import { toDefinition } from './to-definition.ts';
import { asOwnJson } from '../json/storable-json.ts';
import { ValidatedEvent } from './validated-event.ts';

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
  /** The events that are written. */
  readonly definitions: readonly EventDefinition[];
  /** The events that are only read, as others. */
  readonly retired: readonly RetiredDefinition[];
  readonly create: Readonly<Record<string, (data: never, options?: EventOptions) => NewEvent>>;
}

/** One function per retired event: validates the payload and makes the event as it is stored. */
type RetiredCreators<TCategory extends string, TRetired extends Payloads> = {
  readonly [TName in keyof TRetired & string]: (
    data: ReadInput<TRetired[TName]>,
    options?: EventOptions,
  ) => RetiredEvent<`${TCategory}.${TName}`, EventData<TRetired[TName]>>;
};

/** Exists in types only: the keys of tags that events declare. */
declare const tagKeys: unique symbol;

/** The events of one category. */
export interface EventGroup<
  TCategory extends string,
  TPayloads extends Payloads,
  TRetired extends Payloads = Readonly<Record<never, never>>,
  TTags extends TagKeys = Readonly<Record<never, never>>,
> extends AnyEventGroup {
  readonly category: TCategory;
  readonly [tagKeys]?: TTags;
  /**
   * Makes an event: `accountEvents.create.opened({ owner })`.
   *
   * Its data is a copy of what the schema outputs, frozen at all levels.
   *
   * @throws InvalidEventError when the data does not match the schema, or JSON cannot keep it. Only parsed payloads are
   * appended.
   */
  readonly create: EventCreators<TCategory, TPayloads>;
  /**
   * Makes an event of a retired type as it is stored, for the history of a test: `accountEvents.createRetired.created({ name })`.
   *
   * @throws InvalidEventError when the data does not match the schema.
   */
  readonly createRetired: RetiredCreators<TCategory, TRetired>;
}

/** The keys of the tags that events of a group declare, by event name. */
export type TagKeysOf<TGroup> = TGroup extends { readonly [tagKeys]?: infer TTags extends TagKeys }
  ? TTags
  : Readonly<Record<never, never>>;

/** Options of {@link defineEvents}. */
export interface EventGroupOptions<
  TShapes extends EventShapes,
  TRetired extends EventShapes,
  TTargets extends TargetNames,
> {
  /**
   * Events that are stored and not written any more, by name: each is read as one event of `shapes`, as several in their
   * order, or as nothing.
   *
   * @default none
   */
  readonly retired?: RetiredOptions<TShapes, TRetired, TTargets>;
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
 * An event that is renamed, split or not needed any more is retired: its stored events are read as others.
 *
 * @example
 * ```ts
 * export const accountEvents = defineEvents(
 *   'account',
 *   { opened: z.object({ owner: z.string() }) },
 *   {
 *     retired: {
 *       created: {
 *         schema: z.object({ name: z.string() }),
 *         readAs: ['opened'],
 *         upcast: ({ name }, to) => to.opened({ owner: name }),
 *       },
 *     },
 *   },
 * );
 * ```
 *
 * @param category the part of a stream's name before its first hyphen, and the name of the aggregate
 * @throws InvalidArgumentError when a shape is neither a schema nor a history of schemas, or a part of a retired event is
 * missing, misspelt or none.
 * @throws DuplicateDefinitionError when a retired event has the name of one that is written.
 * @throws InvalidNameError when a name is empty, too long or has other characters than letters, digits, "_" and "-".
 */
export function defineEvents<
  const TCategory extends string,
  TShapes extends EventShapes,
  TRetired extends EventShapes = Readonly<Record<never, never>>,
  const TTargets extends TargetNames = Readonly<Record<never, never>>,
>(
  category: TCategory,
  shapes: TShapes,
  options: EventGroupOptions<NoInfer<TShapes>, TRetired, TTargets> = {},
): EventGroup<
  TCategory,
  // Anonymous types, so that an editor shows the payloads and not the schemas.
  { [TName in keyof TShapes & string]: ShapePayload<TShapes[TName]> },
  { [TName in keyof TRetired & string]: ShapePayload<TRetired[TName]> },
  { [TName in keyof TShapes & string as TaggedName<TShapes[TName], TName>]: TagKeyOf<TShapes[TName]> }
> {
  assertCategory(category);
  assertGiven('options', options, groupNames);
  assertMembers('shapes', shapes, 'an object with a zod schema for each event', () => {});
  const byName = new Map(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      toDefinition(category, name, shape, `shapes.${name}`),
    ]),
  );
  const definitions = [...byName.values()];
  const retired = toRetiredDefinitions(category, options.retired ?? {}, byName);
  return {
    category,
    definitions,
    retired,
    create: creatorsOf(category, definitions),
    createRetired: creatorsOf(category, retired),
  };
}

const groupNames: OptionNames<EventGroupOptions<EventShapes, EventShapes, TargetNames>> = { retired: true };

/** Sound as long as the definitions are those of the names of `TCreators`. */
function creatorsOf<TCreators>(category: string, definitions: readonly EventDefinition[]): TCreators {
  const creators = definitions.map((definition) => [
    definition.type.slice(category.length + 1),
    creatorOf(definition),
  ]);
  return Object.fromEntries(creators) as TCreators;
}

const optionNames: OptionNames<EventOptions> = { id: true, tags: true, metadata: true };

function creatorOf(definition: EventDefinition) {
  return (data: unknown, options?: EventOptions): NewEvent => {
    assertOptions('options', options, optionNames);
    const { type, written } = definition;
    const parsed = parsePayload(type, written, data);
    // The event stays as it was parsed, whatever the caller does with parts that a schema such as z.any() hands through.
    const own = asOwnJson(type, written.schemaVersion, parsed, written.schema);
    return new ValidatedEvent(definition, own, options);
  };
}
