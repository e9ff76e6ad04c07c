import {
  type AnyCommand,
  type AnyReaction,
  type CommandReason,
  type ReactionCommandResult,
  type RecordedEvent,
  type Rejection,
  tokenOf,
} from '@leftfold/core';
import { assertFunction, assertOptions, assertWhole, type OptionNames } from '@leftfold/core/input';
import { assertSame } from './assert-same.ts';
import { readBy } from './read-by.ts';

/** Options of `givenEvents(...).react(...)`. */
export interface ReactOptions {
  /** Called for each command, in place of executing it: `reject('…')` rejects it. @default accepted, all of them */
  readonly answer?: (command: AnyCommand) => Rejection | undefined;
  /** Whether the commands were executed before: the events are processed once more. @default false */
  readonly duplicate?: boolean;
  /** How often each event is tried, this attempt included. @default 1 */
  readonly attempt?: number;
}

/** What a reaction did, with an assertion. */
export interface Reacted {
  /** The commands that it executed, in their order. */
  readonly commands: readonly AnyCommand[];
  /** @throws AssertionError when it executed other commands, or in another order */
  thenCommands(expected: readonly AnyCommand[]): void;
}

const optionNames: OptionNames<ReactOptions> = { answer: true, duplicate: true, attempt: true };

/** @throws what a handler throws */
export async function react(
  reaction: AnyReaction,
  events: readonly RecordedEvent[],
  options: ReactOptions,
): Promise<Reacted> {
  assertOptions('options', options, optionNames);
  assertFunction('answer', options.answer);
  const { answer, duplicate = false, attempt = 1 } = options;
  assertWhole('attempt', attempt, { least: 1 });
  const commands: AnyCommand[] = [];
  const { signal } = new AbortController();
  for (const event of readBy(reaction, events)) {
    reaction.keyOf(event);
    const token = tokenOf(event);
    await reaction.handle(event, {
      signal,
      attempt,
      idempotencyKey: `${reaction.name}-${event.id}`,
      execute: async <TCommand extends AnyCommand>(command: TCommand) => {
        commands.push(command);
        const rejection = answer?.(command);
        // Sound: the test says why a command is rejected.
        return (
          rejection === undefined
            ? { outcome: 'accepted', duplicate, token }
            : { outcome: 'rejected', reason: rejection.reason, token }
        ) as ReactionCommandResult<CommandReason<TCommand>>;
      },
    });
  }
  function thenCommands(expected: readonly AnyCommand[]): void {
    assertSame(commands, expected, `reaction "${reaction.name}" executed other commands`, thenCommands);
  }
  return { commands, thenCommands };
}
