import {
  type AnyAggregate,
  asStoredData,
  copyJson,
  type NewEvent,
  Rejection,
  UnknownEventError,
} from '@leftfold/core';
import type { Loaded, LoadedTarget } from './loaded.ts';
import type { EventsOfStream, Plan, PlanContext } from './plan.ts';

/** The new events of one aggregate. Without events, its version is only checked. */
export interface Change extends LoadedTarget {
  readonly events: readonly NewEvent[];
  /** The state with the events folded in. */
  readonly next: unknown;
}

/** What a command changes. */
export interface Changes extends Loaded {
  readonly targets: readonly Change[];
  /** All new events: the stream of the first one is first. */
  readonly decided: readonly EventsOfStream[];
}

/** The outcome of calling `decide`. */
export type DecideOutcome =
  | { readonly kind: 'changes'; readonly changes: Changes }
  | { readonly kind: 'no-changes' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'thrown'; readonly error: unknown };

/**
 * Calls `decide` and folds the new events. An event that its own aggregate cannot fold must not reach the log: the
 * aggregate could never be loaded again.
 */
export function decideOn(plan: Plan, loaded: Loaded, context: PlanContext): DecideOutcome {
  try {
    const states = {
      ofTargets: loaded.targets.map(({ folded }) => folded.state),
      ofFolds: loaded.folds.map(({ folded }) => folded.state),
    };
    const decided = plan.decide(states, context);
    if (decided instanceof Rejection) return { kind: 'rejected', rejection: decided };
    if (!decided.some(({ events }) => events.length > 0)) return { kind: 'no-changes' };
    const targets = loaded.targets.map((each): Change => {
      const { streamId, aggregate } = each.target;
      const { events = [] } = decided.find((one) => one.streamId === streamId) ?? {};
      return { ...each, events, next: foldNew(aggregate, each.folded.state, events) };
    });
    return { kind: 'changes', changes: { ...loaded, targets, decided } };
  } catch (error) {
    return { kind: 'thrown', error };
  }
}

/**
 * The state after the new events, folded as a replay folds them.
 *
 * @throws UnknownEventError when an event does not belong to the aggregate
 * @throws whatever `evolve` throws
 */
export function foldNew(
  aggregate: AnyAggregate,
  state: unknown,
  events: readonly Pick<NewEvent, 'type' | 'schemaVersion' | 'data'>[],
): unknown {
  let folded = state;
  for (const { type, schemaVersion, data } of events) {
    const definition = aggregate.events.definitions.find((known) => known.type === type);
    if (definition === undefined) throw new UnknownEventError(type);
    // A copy: the state may keep parts of the data, which the caller of the command may change.
    const stored = copyJson(asStoredData(type, schemaVersion, data, definition.written.schema));
    folded = aggregate.evolve(folded, { type, schemaVersion, data: stored });
  }
  return folded;
}
