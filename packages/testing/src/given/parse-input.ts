import { type CommandInput, InvalidCommandError, toSchemaIssues } from '@leftfold/core';

/** @throws InvalidCommandError when the input does not match the schema, as in executing the command. */
export function parseInput(command: string, schema: CommandInput, input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InvalidCommandError(command, toSchemaIssues(parsed.error));
}
