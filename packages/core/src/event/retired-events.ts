import { DuplicateDefinitionError } from '../errors/definition-errors.ts';
import { assertOneOf } from '../input/assert-argument.ts';
import { assertEach, assertGivenFunction, assertGiven, assertMembers } from '../input/assert-definition.ts';
import type { EventDefinition } from './event-definition.ts';
import type { EventData, EventShape, EventShapes, ReadInput, ShapePayload } from './event-shapes.ts';
import type { NewEvent } from './event.ts';
import type { JsonValue } from './json.ts';
import { toDefinition } from './to-definition.ts';
import { sourceOf } from '../input/source-of.ts';

/** An event as the upcast of a retired one returns it, made by `to.<name>(data)`. */
export interface UpcastEvent<TName extends string = string> {
  readonly name: TName;
  /** Parsed by the newest schema of the event. */
  readonly data: unknown;
}

/** One function for each event that a retired one is read as. */
type UpcastTargets<TShapes extends EventShapes, TTarget> = {
  readonly [TName in TTarget & keyof TShapes & string]: (
    data: ReadInput<ShapePayload<TShapes[TName]>>,
  ) => UpcastEvent<TName>;
};

/** The names that a retired event is read as, by the name of the retired event. */
export type TargetNames = Readonly<Record<string, string>>;

type TargetOf<TTargets, TName> = TName extends keyof TTargets ? TTargets[TName] & string : never;

/** Retired events by name. */
export type RetiredOptions<
  TShapes extends EventShapes,
  TRetired extends EventShapes,
  TTargets extends TargetNames,
> = {
  readonly [TName in keyof TRetired]: {
    /** The shape under which the events are stored: a schema, or a history of schemas. */
    readonly schema: TRetired[TName];
    /**
     * Returns the events that one stored event is read as, in their order. Pure: it runs on every read of a stored one.
     * Required unless `readAs` is empty.
     */
    readonly upcast?: (
      data: EventData<ShapePayload<TRetired[TName]>>,
      to: UpcastTargets<TShapes, TargetOf<TTargets, TName>>,
    ) => UpcastEvent<TargetOf<TTargets, TName>> | readonly UpcastEvent<TargetOf<TTargets, TName>>[];
  };
} & {
  readonly [TName in keyof TTargets]: {
    /** The names of the events that it is read as. Empty for events that are read as nothing. */
    readonly readAs: readonly (TTargets[TName] & keyof NoInfer<TShapes> & string)[];
  };
};

declare const retired: unique symbol;

/** An event of a retired type, as an older release wrote it. For the history of a test: a store does not append it. */
export interface RetiredEvent<TType extends string = string, TData extends JsonValue = JsonValue>
  extends NewEvent<TType, TData> {
  /** Exists in types only. */
  readonly [retired]: true;
}

/** An event type that is read as others, and not written any more. */
export interface RetiredDefinition extends EventDefinition {
  /** The definitions that it is read as, by name. */
  readonly targets: ReadonlyMap<string, EventDefinition>;
  /** @returns what the definition's `upcast` returned: it may be anything */
  readonly toEvents: (data: JsonValue) => unknown;
}

const retiredNames = { schema: true, readAs: true, upcast: true } as const;

interface AnyRetired {
  readonly schema: EventShape;
  readonly readAs: readonly string[];
  readonly upcast?: (data: JsonValue, to: unknown) => unknown;
}

/**
 * @param current the definitions of the same category, by name
 * @throws InvalidArgumentError, InvalidNameError when a part is missing, misspelt or none
 * @throws DuplicateDefinitionError when a retired event has the name of one that is written
 */
export function toRetiredDefinitions(
  category: string,
  given: unknown,
  current: ReadonlyMap<string, EventDefinition>,
): readonly RetiredDefinition[] {
  assertMembers('retired', given, 'an object with a retired event for each name', (argument, one) => {
    assertGiven(argument, one, retiredNames);
    const { readAs, upcast } = one as Partial<AnyRetired>;
    assertEach(`${argument}.readAs`, readAs, (name, target) =>
      assertOneOf(name, target ?? null, [...current.keys()]),
    );
    if (upcast !== undefined || readAs?.length !== 0) assertGivenFunction(`${argument}.upcast`, upcast);
  });
  return Object.entries(given as Readonly<Record<string, AnyRetired>>).map(([name, one]) => {
    const definition = toDefinition(category, name, one.schema, `retired.${name}.schema`);
    if (current.has(name)) throw new DuplicateDefinitionError('event', definition.type, { retired: true });
    return toRetired(definition, one, current);
  });
}

function toRetired(
  definition: EventDefinition,
  { readAs, upcast }: AnyRetired,
  current: ReadonlyMap<string, EventDefinition>,
): RetiredDefinition {
  const targets = new Map(readAs.map((name) => [name, current.get(name)!]));
  const to = Object.fromEntries(
    [...targets.keys()].map((name) => [name, (data: unknown): UpcastEvent => ({ name, data })]),
  );
  const code = upcast === undefined ? definition.code : [...definition.code, sourceOf(upcast)];
  return { ...definition, code, targets, toEvents: (data) => (upcast === undefined ? [] : upcast(data, to)) };
}
