import { type AnyCommand, type AnyReaction, type RecordedEvent, tokenOf } from '@leftfold/core';
import { assertOptions } from '@leftfold/core/input';
import { assertSame } from './assert-same.ts';
import { readBy } from './read-by.ts';
import { type AnswerOptions, answerNames, assertAnswerOptions, recordingTo } from './recorded-commands.ts';

/** Options of `givenEvents(...).react(...)`. */
export interface ReactOptions extends AnswerOptions {}

/** What a reaction did, with an assertion. */
export interface Reacted {
  /** The commands that it executed, in their order. */
  readonly commands: readonly AnyCommand[];
  /** @throws AssertionError when it executed other commands, or in another order */
  thenCommands(expected: readonly AnyCommand[]): void;
}

/** @throws what a handler throws */
export async function react(
  reaction: AnyReaction,
  events: readonly RecordedEvent[],
  options: ReactOptions,
): Promise<Reacted> {
  assertOptions('options', options, answerNames);
  assertAnswerOptions(options);
  const { attempt = 1 } = options;
  const commands: AnyCommand[] = [];
  const { signal } = new AbortController();
  for (const event of readBy(reaction, events)) {
    reaction.keyOf(event);
    await reaction.handle(event, {
      signal,
      attempt,
      idempotencyKey: `${reaction.name}-${event.id}`,
      execute: recordingTo(commands, tokenOf(event), options),
    });
  }
  function thenCommands(expected: readonly AnyCommand[]): void {
    assertSame(commands, expected, `reaction "${reaction.name}" executed other commands`, thenCommands);
  }
  return { commands, thenCommands };
}
