import {
  type AnyCommand,
  type CommandReason,
  type LogToken,
  type ReactionCommandResult,
  type ReactionContext,
  type Rejection,
} from '@leftfold/core';
import { assertFunction, assertWhole, commandNameOf, type OptionNames } from '@leftfold/core/input';

/** How the commands of a handler are answered in a test. */
export interface AnswerOptions {
  /** Called for each command, in place of executing it: `reject('…')` rejects it. @default accepted, all of them */
  readonly answer?: (command: AnyCommand) => Rejection | undefined;
  /** Whether the commands were executed before: what they follow from is processed once more. @default false */
  readonly duplicate?: boolean;
  /** How often it is tried, this attempt included. @default 1 */
  readonly attempt?: number;
}

export const answerNames: OptionNames<AnswerOptions> = { answer: true, duplicate: true, attempt: true };

/** @throws InvalidArgumentError when an option is none */
export function assertAnswerOptions({ answer, attempt }: AnswerOptions): void {
  assertFunction('answer', answer);
  assertWhole('attempt', attempt, { least: 1 });
}

/** The `execute` of a handler, which adds the command to a list in place of executing it. */
export function recordingTo(
  commands: AnyCommand[],
  token: LogToken,
  { answer, duplicate = false }: AnswerOptions,
): ReactionContext['execute'] {
  return async <TCommand extends AnyCommand>(command: TCommand) => {
    const name = commandNameOf(command);
    commands.push(command);
    const rejection = answer?.(command);
    // Sound: the test says why a command is rejected.
    return (
      rejection === undefined
        ? { outcome: 'accepted', duplicate, token }
        : { outcome: 'rejected', command: name, reason: rejection.reason, token }
    ) as ReactionCommandResult<CommandReason<TCommand>>;
  };
}
