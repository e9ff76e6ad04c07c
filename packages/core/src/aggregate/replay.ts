import type { FoldedEvent } from './fold-event.ts';

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
  from: TState = aggregate.initialState,
): TState {
  let state = from;
  for (const event of history) state = aggregate.evolve(state, event);
  return state;
}
