import { channel } from 'node:diagnostics_channel';
import { LeftfoldError, type ProcessInputIgnoredMessage, type RecordedInput } from '@leftfold/core';
import { isNotTaken } from '../instance/take-input.ts';
import { commandIdOf } from './command-ids.ts';
import type { ExecuteProcessCommand, ProcessExecuteOptions } from './execute-command.ts';

const ignored = channel('leftfold:process.input.ignored');

/** An input and the instance that it is for. */
export interface InputFor {
  readonly process: string;
  readonly id: string;
  readonly input: RecordedInput;
  /** Identifies the input among those of the instance. @default its id */
  readonly of?: readonly (string | number)[];
  /** In place of what `of` makes: only one command of this id is executed. */
  readonly commandId?: string | undefined;
}

/**
 * Records an input once.
 *
 * @returns false when the instance does not take it
 * @throws what `execute` throws; CommandIdReusedError when another command has the id that is given
 */
export async function recordInput(
  execute: ExecuteProcessCommand,
  { process, id, input, of = [input.id], commandId: given }: InputFor,
  options: Omit<ProcessExecuteOptions, 'commandId'>,
): Promise<boolean> {
  const commandId = given ?? commandIdOf({ process, id, of: ['input', ...of] });
  const command = { aggregate: process, id, name: 'record', input };
  try {
    const result = await execute(command, { ...options, commandId });
    if (result.outcome === 'accepted') return true;
    // By something in between: the input would be lost.
    if (!isNotTaken(result.reason))
      throw new Error(`the record of input "${input.type}" was rejected: ${result.reason}`);
    if (ignored.hasSubscribers) {
      const message: ProcessInputIgnoredMessage = { process, id, type: input.type, reason: result.reason };
      ignored.publish(message);
    }
    return false;
  } catch (error) {
    // The id is that of the input alone: it was recorded before, perhaps by a release that reads the event otherwise.
    if (given === undefined && isReused(error)) return true;
    throw error;
  }
}

/** Whether another command has the id of a command. */
export function isReused(error: unknown): boolean {
  return LeftfoldError.is(error) && error.code === 'COMMAND_ID_REUSED';
}
