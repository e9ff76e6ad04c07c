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
