import { type AnyCommand, InvalidCommandError, LeftfoldError } from '@leftfold/core';

/** @throws InvalidCommandError when the value has not the shape of a command */
export function parseCommand(value: unknown): AnyCommand {
  try {
    return commandOf(value);
  } catch (error) {
    throw LeftfoldError.is(error) ? error : notACommand('', 'must be one that can be read');
  }
}

function commandOf(value: unknown): AnyCommand {
  if (typeof value !== 'object' || value === null) throw notACommand('', 'must be an object');
  const input = 'input' in value ? value.input : undefined;
  if ('decision' in value) {
    return { decision: textOf(value, 'decision'), input };
  }
  return {
    aggregate: textOf(value, 'aggregate'),
    id: textOf(value, 'id'),
    name: textOf(value, 'name'),
    input,
  };
}

function textOf(value: object, field: string): string {
  const text: unknown = Object.getOwnPropertyDescriptor(value, field)?.value;
  if (typeof text === 'string') return text;
  throw notACommand(field, 'must be a string');
}

function notACommand(path: string, message: string): InvalidCommandError {
  const shape = 'a command is { aggregate, id, name, input }, or { decision, input }';
  return new InvalidCommandError('unknown', [
    { path, code: 'not_a_command', message: `${message}; ${shape}` },
  ]);
}
