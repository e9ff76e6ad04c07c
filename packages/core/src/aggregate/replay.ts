import type { JsonValue } from '../event/json.ts';

/**
 * Folds events into a state. O(events).
 *
 * @param from the state to start from. @default the aggregate's initial state
 */
export function replay<TState>(
  aggregate: {
    readonly initialState: TState;
    evolve(state: TState, event: { readonly type: string; readonly data: JsonValue }): TState;
  },
  history: Iterable<{ readonly type: string; readonly data: JsonValue }>,
  from: TState = aggregate.initialState,
): TState {
  let state = from;
  for (const event of history) state = aggregate.evolve(state, event);
  return state;
}
