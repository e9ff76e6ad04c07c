import type { KnownOnly } from '../aggregate/evolve-handlers.ts';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { shownName } from '../errors/shown.ts';
import type { AnyEventGroup } from '../event/define-events.ts';
import type { JsonValue } from '../event/json.ts';
import { isTagValue, tagOf } from '../event/tagged-shape.ts';
import type { Immutable } from '../fold/immutable.ts';
import { initialStateOf } from '../fold/initial-state.ts';
import { nextState } from '../fold/next-state.ts';
import { assertMembers } from '../input/assert-definition.ts';
import { assertFoldOptions } from './assert-decision-options.ts';
import type { FoldHandlers, FoldTags, PayloadsByType, SomeTags, TagKeysOfAll } from './fold-types.ts';

/** What {@link defineFold} takes. */
export interface FoldOptions<
  TGroups extends readonly AnyEventGroup[],
  TState,
  TEvolve,
  TLast extends boolean = boolean,
> {
  readonly events: TGroups;
  /** The state without events. It is frozen, since every fold starts from the same object. */
  readonly initialState: TState;
  /**
   * Only the newest event that counts is read. The state follows from it alone, so its function gets no state: `undefined`.
   *
   * @default false
   */
  readonly last?: TLast;
  /**
   * One function for each event that counts, by its type: `(state, data, tags)`, with the tags that the fold is for. Events
   * of other types are not read. A result with a field that the state does not have does not compile.
   */
  readonly evolve: TEvolve & KnownOnly<NoInfer<TEvolve>, Immutable<TState>, PayloadsByType<NoInfer<TGroups>>>;
}

/** An event as a fold reads it: in its newest schema version. */
export interface ReadEvent {
  readonly type: string;
  readonly data: JsonValue;
}

/** The part of a fold that the framework uses, without its types. */
export interface AnyFold {
  readonly kind: 'fold';
  readonly events: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly types: readonly string[];
  /** Only the newest event counts, whatever the state before. */
  readonly last: boolean;
  readonly initialState: unknown;
  evolve(state: unknown, event: ReadEvent, tags: FoldTags): unknown;
}

/** A fold over the events that have certain tags. */
export interface FoldRead<TFold> {
  readonly fold: TFold;
  /** By key. */
  readonly values: FoldTags;
  /** The same as texts. An event has all of them. */
  readonly tags: readonly string[];
}

/** A state over events of any streams, which are found by their tags. */
export interface Fold<TKey extends string, TState, TCategory extends string = string> extends AnyFold {
  readonly events: readonly (AnyEventGroup & { readonly category: TCategory })[];
  readonly initialState: TState;
  /**
   * The fold over the events that have all of these tags: `seats.for({ course: 'c1' })`.
   *
   * @throws InvalidArgumentError when there is no tag, or a value is neither a text nor a number
   */
  for(tags: SomeTags<TKey>): FoldRead<Fold<TKey, TState, TCategory>>;
  /**
   * The fold over all events of its types. A decision on it waits for every append of such an event, and they for it: use it
   * where there is one such rule for everything, as for numbers without gaps.
   */
  all(): FoldRead<Fold<TKey, TState, TCategory>>;
}

/**
 * Defines a small fold over tagged events, for a decision: what one of its rules has to know.
 *
 * @example
 * ```ts
 * const seats = defineFold({
 *   events: [courseEvents],
 *   initialState: { free: 0 },
 *   evolve: {
 *     'course.planned': (_state, { seats }) => ({ free: seats }),
 *     'course.subscribed': ({ free }) => ({ free: free - 1 }),
 *   },
 * });
 * seats.for({ course: 'c1' }); // what `reads` of a decision returns
 * ```
 *
 * A key that one of the events which count does not declare, with `tagged`, does not compile: the fold would never see it.
 *
 * @throws InvalidArgumentError when a part is missing, misspelt, or is none.
 * @throws InvalidDefinitionError when the initial state contains a Map, a Set or an instance of a class.
 */
export function defineFold<
  const TGroups extends readonly AnyEventGroup[],
  TState,
  TEvolve extends FoldHandlers<NoInfer<Immutable<TState>>, NoInfer<TGroups>, NoInfer<TLast>>,
  const TLast extends boolean = false,
>(
  options: FoldOptions<TGroups, TState, TEvolve, TLast>,
): Fold<TagKeysOfAll<TGroups, keyof TEvolve>, Immutable<TState>, TGroups[number]['category']> {
  assertFoldOptions(options);
  const { events } = options;
  const last = options.last === true;
  // The names and types are those of the options by construction; Object.entries and index access forget them.
  const handlers = options.evolve as Readonly<
    Record<
      string,
      ((state: Immutable<TState> | undefined, data: never, tags: FoldTags) => Immutable<TState>) | undefined
    >
  >;
  const types = Object.keys(handlers).filter((type) => handlers[type] !== undefined);
  const fold: Fold<TagKeysOfAll<TGroups, keyof TEvolve>, Immutable<TState>, TGroups[number]['category']> = {
    kind: 'fold',
    events,
    types,
    last,
    initialState: initialStateOf('a fold', options.initialState),
    evolve(state, { type, data }, tags) {
      const handler = Object.hasOwn(handlers, type) ? handlers[type] : undefined;
      if (handler === undefined) return state;
      return nextState(type, handler(last ? undefined : (state as Immutable<TState>), data as never, tags));
    },
    for: (given) => {
      const values = valuesOf(given);
      return { fold, values, tags: Object.entries(values).map(([key, value]) => tagOf(key, value)) };
    },
    all: () => ({ fold, values: {}, tags: [] }),
  };
  return fold;
}

function valuesOf(given: unknown): Readonly<Record<string, string | number>> {
  assertMembers('tags', given, 'an object with a value for each key', () => {});
  const values = Object.entries(given);
  for (const [key, value] of values)
    if (!isTagValue(value))
      throw new InvalidArgumentError(
        'tags',
        `has a value for ${shownName(key)} that is no tag; give a text that is not empty, or a number, or leave the key out`,
      );
  if (values.length === 0)
    throw new InvalidArgumentError('tags', 'must name at least one; take all() for the events with any tags');
  // Sound: all of them were checked.
  return Object.fromEntries(values as [string, string | number][]);
}
