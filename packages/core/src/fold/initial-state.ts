import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { reading } from '../input/reading.ts';
import { frozen, unfreezable } from './frozen.ts';
import type { Immutable } from './immutable.ts';

/**
 * Freezes the state that all folds of a definition start from.
 *
 * @param owner whose it is: `aggregate "account"`
 * @throws InvalidDefinitionError when it contains what cannot be frozen
 * @throws InvalidArgumentError when it cannot be read, or a proxy keeps it from being frozen
 */
export function initialStateOf<TState>(owner: string, initialState: TState): Immutable<TState> {
  const shared = reading('initialState', () => unfreezable(initialState));
  if (shared !== undefined)
    throw new InvalidDefinitionError(
      `initialState of ${owner} contains a ${shared}, which all of its states would share and could change; use plain objects and arrays`,
    );
  return reading('initialState', () => frozen(initialState)) as Immutable<TState>;
}
