import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { assertEvent } from '../input/assert-definition.ts';
import type { FoldedEvent } from './fold-event.ts';
import { holds } from '../input/holds.ts';

/**
 * Folds events into a state. O(events).
 *
 * @param from the state to start from. @default the aggregate's initial state
 */
export function replay<TState>(
  aggregate: {
    readonly initialState: TState;
    evolve(state: TState, event: FoldedEvent): TState;
  },
  history: Iterable<FoldedEvent>,
  from?: TState,
): TState {
  if (!holds(() => typeof aggregate?.evolve === 'function'))
    throw InvalidArgumentError.not('an aggregate', 'aggregate', aggregate);
  if (!holds(() => typeof history?.[Symbol.iterator] === 'function'))
    throw InvalidArgumentError.not('events', 'history', history);
  let state = from === undefined ? aggregate.initialState : from;
  for (const event of history) {
    assertEvent('history', event);
    state = aggregate.evolve(state, event);
  }
  return state;
}
