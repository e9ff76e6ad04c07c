import { createHash } from 'node:crypto';
import type {
  AnyCommand,
  AnyReaction,
  CustomMetadata,
  ReactionCommandResult,
  RecordedEvent,
} from '@leftfold/core';
import { onAbort } from '@leftfold/postgres';

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
 * @throws what the handler throws; TypeError when it returned before a command had ended; TimeoutError when it takes longer
 * than `timeoutMs`, and the signal's reason when it aborts: the call is not waited for then
 */
export async function callHandler(
  reaction: AnyReaction,
  execute: ExecuteCommand,
  { event, attempt, signal: ended }: HandlerCall,
): Promise<void> {
  const signal = AbortSignal.any([ended, AbortSignal.timeout(reaction.timeoutMs)]);
  let calls = 0;
  const executing = new Set<Promise<unknown>>();
  const call = reaction.handle(event, {
    signal,
    attempt,
    idempotencyKey: keyOf(reaction, event),
    execute: (command, given) => {
      calls += 1;
      const options = {
        commandId: `${keyOf(reaction, event)}-${calls}`,
        causedBy: event,
        metadata: given?.metadata,
      };
      const executed = (async () => {
        signal.throwIfAborted();
        return execute(command, options);
      })();
      executing.add(executed);
      const over = () => void executing.delete(executed);
      executed.then(over, over);
      // Sound: the result is that of this command.
      return executed as never;
    },
  });
  call.catch(() => {}); // it is not waited for after the signal
  let remove: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    remove = onAbort(signal, () => reject(timedOut(reaction, ended, signal)));
  });
  try {
    await Promise.race([call, aborted]);
    if (executing.size > 0) {
      await Promise.race([Promise.allSettled(executing), aborted]);
      throw new TypeError(
        `the handler of reaction "${reaction.name}" returned before a command had ended that it executed; await the promise of execute`,
      );
    }
  } finally {
    remove?.();
  }
}

function timedOut({ timeoutMs }: AnyReaction, ended: AbortSignal, signal: AbortSignal): unknown {
  if (ended.aborted) return signal.reason;
  return new Error(`the handler took longer than timeoutMs (${timeoutMs})`);
}

/** The version is left out: a raised version that processes an event again repeats no command. */
function keyOf({ name }: AnyReaction, { id, type }: RecordedEvent): string {
  return createHash('sha256')
    .update(JSON.stringify([name, id, type]))
    .digest('base64url');
}
