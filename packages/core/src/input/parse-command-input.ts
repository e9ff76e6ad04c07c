import type { CommandInput } from '../aggregate/command.ts';
import { InvalidCommandError } from '../errors/definition-errors.ts';
import { parseWith } from './parse-with.ts';

/**
 * Parses the input of a command, or of a decision.
 *
 * @throws InvalidCommandError when it does not match the schema; the paths of its issues begin with "input".
 */
export function parseCommandInput(command: string, schema: CommandInput, input: unknown): unknown {
  const parsed = parseWith(`command "${command}"`, schema, input);
  if (parsed.success) return parsed.data;
  const issues = parsed.issues.map((issue) => ({
    ...issue,
    path: issue.path === '' ? 'input' : `input.${issue.path}`,
  }));
  throw new InvalidCommandError(command, issues);
}
