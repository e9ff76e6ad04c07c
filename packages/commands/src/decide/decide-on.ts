import {
  type AnyAggregate,
  asStoredData,
  copyJson,
  type DecideContext,
  type NewEvent,
  Rejection,
  UnknownEventError,
} from '@leftfold/core';
import type { Plan } from './plan.ts';
import type { LoadedTarget } from './loaded-target.ts';

/** The new events of one aggregate. Without events, its version is only checked. */
export interface Change extends LoadedTarget {
  readonly events: readonly NewEvent[];
  /** The state with the events folded in. */
  readonly next: unknown;
}

/** The outcome of calling `decide`. */
export type DecideOutcome =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'no-changes' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'thrown'; readonly error: unknown };

/**
 * Calls `decide` and folds the new events. An event that its own aggregate cannot fold must not reach the log: the
 * aggregate could never be loaded again.
 */
export function decideOn(
  plan: Plan,
  loadedTargets: readonly LoadedTarget[],
  context: DecideContext,
): DecideOutcome {
  try {
    const decided = plan.decide(
      loadedTargets.map(({ folded }) => folded.state),
      context,
    );
    if (decided instanceof Rejection) return { kind: 'rejected', rejection: decided };
    const changes = loadedTargets.map((loaded, index): Change => {
      const events = decided[index] ?? [];
      return { ...loaded, events, next: foldNew(loaded.target.aggregate, loaded.folded.state, events) };
    });
    return changes.some(({ events }) => events.length > 0)
      ? { kind: 'changes', changes }
      : { kind: 'no-changes' };
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
