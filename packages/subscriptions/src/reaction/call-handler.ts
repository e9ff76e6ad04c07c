import { createHash } from 'node:crypto';
import type {
  AnyCommand,
  AnyReaction,
  CustomMetadata,
  ReactionCommandResult,
  RecordedEvent,
} from '@leftfold/core';
import { onAbort } from '@leftfold/postgres';
import { HandlerCommands } from './handler-commands.ts';
import { withinCall } from './within-call.ts';

/** Executes a command of a reaction, such as `execute` of an app. */
export type ExecuteCommand = (
  command: AnyCommand,
  options: {
    readonly commandId: string;
    readonly causedBy: RecordedEvent;
    readonly metadata?: CustomMetadata | undefined;
  },
) => Promise<ReactionCommandResult>;

/** One call of a reaction's handler. */
export interface HandlerCall {
  readonly event: RecordedEvent;
  readonly attempt: number;
  /** Ends the call: the term is over, or the runner stops. */
  readonly signal: AbortSignal;
}

/**
 * Calls the handler of a reaction for an event, and waits for the commands that it executes, awaited or not.
 *
 * @throws what the handler throws; TypeError when it returned before a command had ended; an Error when it takes longer than
 * `timeoutMs`, and the signal's reason when it aborts: the call is not waited for then
 */
export async function callHandler(
  reaction: AnyReaction,
  execute: ExecuteCommand,
  { event, attempt, signal: stopped }: HandlerCall,
): Promise<void> {
  return withinCall({ timeoutMs: reaction.timeoutMs, stopped }, async (signal) => {
    const key = keyOf(reaction, event);
    const commands = new HandlerCommands({
      key: () => key,
      signal,
      execute: (command, options) => execute(command, { ...options, causedBy: event }),
    });
    const call = reaction.handle(event, {
      signal,
      attempt,
      idempotencyKey: key,
      execute: commands.execute,
    });
    call.catch(() => {}); // it is not waited for after the signal
    let remove: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      remove = onAbort(signal, () => reject(signal.reason));
    });
    try {
      await Promise.race([call, aborted]);
      await Promise.race([commands.settle(`reaction "${reaction.name}"`), aborted]);
    } finally {
      remove?.();
    }
  });
}

/** The version is left out: a raised version that processes an event again repeats no command. */
function keyOf({ name }: AnyReaction, { id, type }: RecordedEvent): string {
  return createHash('sha256')
    .update(JSON.stringify([name, id, type]))
    .digest('base64url');
}
