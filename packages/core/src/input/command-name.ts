import type { AnyCommand } from '../aggregate/command.ts';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { assertId } from '../naming/names.ts';
import { assertObject } from './assert-argument.ts';

const commandMembers = ['decision', 'aggregate', 'id', 'name', 'input', 'command'] as const;

/**
 * The name under which a command is recorded. The command need not be defined.
 *
 * @throws InvalidNameError when a name is not a text, or longer than an id
 * @throws InvalidArgumentError when it is no object, or the definition that makes commands
 */
export function commandNameOf(command: AnyCommand): string {
  assertObject('a command', 'command', command, commandMembers);
  if ('decision' in command) {
    assertId('decision', command.decision);
    return command.decision;
  }
  if (!('aggregate' in command) && 'command' in command) throw definitionGiven(command['command']);
  assertId('aggregate', command.aggregate);
  assertId('command', command.name);
  return `${command.aggregate}.${command.name}`;
}

/** @param makers of a definition: the function that makes its commands, or those by name */
function definitionGiven(makers: unknown): InvalidArgumentError {
  const [kind, call] =
    typeof makers === 'function'
      ? ['a decision', '.command(input)']
      : ['an aggregate', '.command.<name>(id, input)'];
  const problem = `must be a command, not the definition of ${kind}; make one with ${call}`;
  return new InvalidArgumentError('command', problem);
}
