import { InvalidArgumentError } from '../errors/argument-errors.ts';
import type { NewEvent } from './event.ts';

/**
 * A repeated command is found by the ids that are made from its own.
 *
 * @throws InvalidArgumentError when an event of a command has an id of its own
 */
export function assertNoOwnId({ id, type }: Pick<NewEvent, 'id' | 'type'>): void {
  if (id === undefined) return;
  const problem = `of event "${type}" must be left out in an append with a command id, which gives each event its id; or leave out the command id, which a command always has`;
  throw new InvalidArgumentError('id', problem);
}

/**
 * Returns what was decided, so that a decision fails in given/when/then as it fails in `execute`.
 *
 * @throws InvalidArgumentError when an event has an id of its own
 */
export function withoutOwnIds<TDecided>(decided: TDecided): TDecided {
  const events: unknown = decided;
  for (const event of Array.isArray(events) ? events : [events]) if (isEvent(event)) assertNoOwnId(event);
  return decided;
}

/** False for a rejection, and for what `decide` should not return: that is refused later. */
function isEvent(decided: unknown): decided is NewEvent {
  return typeof decided === 'object' && decided !== null && 'type' in decided;
}
