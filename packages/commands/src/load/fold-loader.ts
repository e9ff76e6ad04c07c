import { type AnyFold, copyJson, type EventStore, frozen, type RecordedEvent } from '@leftfold/core';
import type { LoadedFold } from '../decide/loaded.ts';
import { RecentNames } from '../recent/recent-names.ts';
import type { AggregateCache } from './aggregate-cache.ts';
import { countsIn, type FoldTarget, queriesOf } from './fold-target.ts';
import type { FoldedState } from './folded.ts';
import type { Loader } from './loader.ts';

/**
 * Folds tagged events into the states of a decision, starting from the cache.
 *
 * The version of such a state is the position up to which it has every event that counts.
 */
export class FoldLoader {
  readonly #store: EventStore;
  readonly #cache: AggregateCache;
  readonly #loader: Loader;
  /** Weak: `reads` of a decision can define a fold for each command. */
  readonly #keys = new WeakMap<AnyFold, number>();
  #lastKey = 0;
  /** Roles whose last load found no event: they probably begin the next one too. */
  readonly #beginners = new RecentNames();

  /** @param cache may be shared with aggregates */
  constructor(store: EventStore, cache: AggregateCache, loader: Loader) {
    this.#store = store;
    this.#cache = cache;
    this.#loader = loader;
  }

  /**
   * A state to try first, without a round trip: the cached one, or the initial one in a role that probably begins. It may be
   * older than the log.
   *
   * @param decision its name
   */
  guess(target: FoldTarget, decision: string): FoldedState | undefined {
    const cached = this.#cached(target);
    if (cached !== undefined || !this.#cache.isOn) return cached;
    return this.#beginners.has(requesterOf(decision, target)) ? this.#startOf(target) : undefined;
  }

  /**
   * The states of all of them at one position of the log. Two round trips.
   *
   * @param decision its name
   * @param from reads the log. @default the store
   */
  async load(
    targets: readonly FoldTarget[],
    decision: string,
    from: Pick<EventStore, 'readForDecision'> = this.#store,
  ): Promise<readonly FoldedState[]> {
    if (targets.length === 0) return [];
    const { asOf } = this.#loader;
    const starts = targets.map((target) => this.#cached(target) ?? this.#startOf(target));
    const read = await from.readForDecision(
      queriesOf(targets.map((target, index) => ({ ...target, after: starts[index]!.streamVersion }))),
    );
    const { after: streamVersion = 0 } = read.condition;
    // The log went back since: the cached states may have events that it no longer has.
    if (starts.some(({ era }) => era !== read.era)) return this.load(targets, decision, from);
    // A writer that did not hold back the mark of an earlier read can hold back this one: a state with events after it and
    // those that are read now would not be of one moment.
    const ahead = targets.filter((_, index) => starts[index]!.position > streamVersion);
    for (const target of ahead) this.#cache.forget(this.#keyOf(target));
    if (ahead.length > 0) return this.load(targets, decision, from);
    const states = starts.map((start) => ({ ...start }));
    for await (const event of read.events)
      targets.forEach((target, index) => {
        const start = starts[index]!;
        if (event.position > start.streamVersion) states[index] = next(target, states[index]!, event);
      });
    return states.map((folded, index) => {
      const target = targets[index]!;
      if (folded.position === 0) this.#beginners.add(requesterOf(decision, target));
      else this.#beginners.delete(requesterOf(decision, target));
      return this.keep(target, { ...folded, streamVersion, asOf });
    });
  }

  /**
   * The states after an append whose condition held for all of them: no other event that counts is before its last one.
   *
   * @param recorded the new events
   * @param position of the last of them
   */
  keepAppended(
    folds: readonly LoadedFold[],
    { recorded, position, asOf }: { recorded: readonly RecordedEvent[]; position: number; asOf: number },
  ): void {
    for (const { target, folded } of folds)
      try {
        // Copies: the state may keep parts of the data, which the caller of the command may change.
        const state = recorded.reduce(
          (before, event) => next(target, before, { ...event, data: copyJson(event.data) }),
          folded,
        );
        this.keep(target, { ...state, streamVersion: position, asOf });
      } catch {
        this.#cache.forget(this.#keyOf(target)); // the events are recorded; the next load throws the same error
      }
  }

  /** Outside of production the state is frozen, so that an `evolve` that changes it in place throws. */
  keep(target: FoldTarget, folded: FoldedState): FoldedState {
    if (process.env['NODE_ENV'] !== 'production') frozen(folded.state);
    this.#cache.put(this.#keyOf(target), folded);
    return folded;
  }

  #cached(target: FoldTarget): FoldedState | undefined {
    const cached = this.#cache.get(this.#keyOf(target));
    return cached?.era === this.#store.era ? cached : undefined;
  }

  #startOf({ fold }: FoldTarget): FoldedState {
    const { era } = this.#store;
    const { initialState: state } = fold;
    return { state, streamVersion: 0, position: 0, eventId: undefined, snapshotVersion: 0, asOf: 0, era };
  }

  /** By the values as its functions get them: 1 and '1' are one tag. */
  #keyOf({ fold, values }: FoldTarget): string {
    let key = this.#keys.get(fold);
    if (key === undefined) {
      this.#lastKey += 1;
      key = this.#lastKey;
      this.#keys.set(fold, key);
    }
    // No stream id has a control character.
    return `\0${key} ${JSON.stringify(values)}`;
  }
}

function requesterOf(decision: string, { role }: FoldTarget): string {
  return `${decision} ${role}`;
}

function next(target: FoldTarget, folded: FoldedState, event: RecordedEvent): FoldedState {
  if (!countsIn(target, event)) return folded;
  const { position, id: eventId } = event;
  const { fold, values } = target;
  return { ...folded, state: fold.evolve(folded.state, event, values), position, eventId };
}
