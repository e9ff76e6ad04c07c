import { InvalidArgumentError } from '../errors/argument-errors.ts';
import type { ProcessMessages } from './process-inputs.ts';

/** The error for a message that a process does not take. */
export function unknownMessage(name: string, type: string, messages: ProcessMessages): InvalidArgumentError {
  const taken = Object.keys(messages).map((known) => `"${known}"`);
  return InvalidArgumentError.notOneOf(
    taken.join(' or ') || 'a message',
    `message of process "${name}"`,
    type,
  );
}
