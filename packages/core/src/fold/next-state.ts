import { InvalidDefinitionError } from '../errors/definition-errors.ts';
import { holds } from '../input/holds.ts';

/**
 * The state that a function of `evolve` returned.
 *
 * @throws InvalidDefinitionError for a promise, into which later events would be folded
 */
export function nextState<TState>(type: string, returned: TState): TState {
  if (!isPromise(returned)) return returned;
  returned.catch(() => {});
  throw new InvalidDefinitionError(
    `evolve of event "${type}" returned a promise; it must be synchronous, and depend on the state and the event alone`,
  );
}

/** A proxy that was revoked is none. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return holds(() => value instanceof Promise);
}
