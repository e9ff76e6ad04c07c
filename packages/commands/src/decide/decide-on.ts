import {
  type AnyAggregate,
  type DecideContext,
  type NewEvent,
  Rejection,
  UnknownEventError,
} from '@leftfold/core';
import { asStored } from '../load/as-stored.ts';
import type { Plan } from './plan.ts';
import type { LoadedTarget } from './loaded-target.ts';

/** What is to happen to one aggregate. Without events it stays as it is. */
export interface Change extends LoadedTarget {
  readonly events: readonly NewEvent[];
  /** The state with the events folded in. */
  readonly next: unknown;
}

/** What a decision came to. */
export type DecideOutcome =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'no-changes' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'thrown'; readonly error: unknown };

/**
 * Decides, and folds what was decided: an event that its own aggregate cannot fold would make the aggregate
 * unloadable for ever, so it must not reach the log.
 */
export function decideOn(
  plan: Plan,
  standings: readonly LoadedTarget[],
  context: DecideContext,
): DecideOutcome {
  try {
    const decided = plan.decide(
      standings.map(({ folded }) => folded.state),
      context,
    );
    if (decided instanceof Rejection) return { kind: 'rejected', rejection: decided };
    const changes = standings.map((standing, index): Change => {
      const events = decided[index] ?? [];
      return { ...standing, events, next: foldNew(standing.target.aggregate, standing.folded.state, events) };
    });
    return changes.some(({ events }) => events.length > 0)
      ? { kind: 'changes', changes }
      : { kind: 'no-changes' };
  } catch (error) {
    return { kind: 'thrown', error };
  }
}

/**
 * The state with new events folded in, as a replay will fold them.
 *
 * @throws UnknownEventError when an event is none of the aggregate's
 * @throws whatever `evolve` throws
 */
export function foldNew(
  aggregate: AnyAggregate,
  state: unknown,
  events: readonly Pick<NewEvent, 'type' | 'data'>[],
): unknown {
  let folded = state;
  for (const { type, data } of events) {
    if (!aggregate.events.definitions.some((definition) => definition.type === type))
      throw new UnknownEventError(type);
    folded = aggregate.evolve(folded, { type, data: asStored(data) });
  }
  return folded;
}
