import { type RecordedEvent, retryDelayMs, TransactionRolledBackError } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import {
  asKysely,
  type CallerTransaction,
  isAborted,
  isConnectionFailure,
  isLockTimeout,
  isLostRace,
  isNoAnswer,
  isOperational,
  isRolledBack,
  pause,
  type PipelinedTransaction,
  runnerInTransaction,
  toLeftfoldError,
  type TransactionOptions,
} from '@leftfold/postgres';
import { sql, type Transaction } from 'kysely';
import type { AppendStatements, BatchOptions } from '../sql/append.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { toAppendResult } from './append-result.ts';
import type { RequestResult } from './queued-request.ts';
import { LOST_RACES, reconnectPolicy, ROLLBACK_ATTEMPTS } from './append-retries.ts';
import { appendBatch } from './send-batch.ts';

/** Work that belongs to the append's own transaction. */
export interface InlineHook {
  /** Appends without any of these do not run it. */
  readonly eventTypes: ReadonlySet<string>;
  /**
   * What it applies, each as `name/version/definition hash`. An inline projection of this database that is not among
   * them ceases to be inline when events of its types are appended. @default none
   */
  readonly applies?: readonly string[] | undefined;
  /**
   * What it throws rolls the append back and reaches the caller untouched. Called again when the append is tried again.
   *
   * A statement of it that waits for another transaction for more than a fraction of a second is ended, and the append is
   * rolled back and tried again: until `answerTimeoutMs`, or a shorter `lock_timeout` or `statement_timeout` of the role.
   * When a statement of it names `lock_timeout`, the first wait that is ended reaches the caller instead.
   */
  apply(transaction: Transaction<unknown>, events: readonly RecordedEvent[]): Promise<void>;
  /**
   * The error that the caller gets for one that `apply` caused, then or at the commit. @default the same error
   */
  toError?(error: unknown): unknown;
}

/** Runs work in a transaction that the server limits. */
export type RunTransaction = <TResult>(
  work: (transaction: PipelinedTransaction) => Promise<TResult>,
  options: Pick<TransactionOptions, 'lockMs' | 'lockTimeoutMs' | 'onStatement'>,
) => Promise<TResult>;

/** What the hook caused, to tell it from what the append caused. */
class HookFailure extends Error {
  /** Whether a statement of the hook named `lock_timeout`: how long it waits is then the hook's choice. */
  readonly hasOwnLimit: boolean;

  constructor(cause: unknown, hasOwnLimit: boolean) {
    super('the inline hook failed', { cause });
    this.hasOwnLimit = hasOwnLimit;
  }
}

/**
 * One append and its inline hook in one transaction.
 *
 * A race that the append loses is tried again; whatever the hook throws is the caller's, a unique violation in a read
 * model included, and rolls the append back.
 */
export async function appendWithHook(
  transact: RunTransaction,
  statements: AppendStatements,
  request: AppendRequest,
  inline: InlineHook | undefined,
  { lineage, lockTimeoutMs }: Pick<BatchOptions, 'lineage' | 'lockTimeoutMs'>,
): Promise<RequestResult> {
  let checkEventIds = false;
  let races = 0;
  let rollbacks = 0;
  let lostConnections = 0;
  for (;;) {
    try {
      return {
        outcome: await attempt(transact, statements, request, inline, {
          checkEventIds,
          lineage,
          appliedInline: inline?.applies,
          lockTimeoutMs,
        }),
      };
    } catch (failure) {
      const error = failure instanceof HookFailure ? failure.cause : failure;
      checkEventIds = true;
      if (isRolledBack(error) && rollbacks < ROLLBACK_ATTEMPTS) {
        rollbacks += 1;
      } else if (isEndedWait(error) && !(failure instanceof HookFailure && failure.hasOwnLimit)) {
        return { blocked: error, lostConnection: lostConnections > 0 };
      } else if (failure instanceof HookFailure) {
        return { error: inline?.toError?.(error) ?? error };
      } else if (isConnectionFailure(error)) {
        lostConnections += 1;
        // A caller that has waited for so long can decide better whether to wait again.
        if (isNoAnswer(error) || lostConnections >= reconnectPolicy.attempts)
          return { error: toLeftfoldError(error, statements.schema) };
        await pause(retryDelayMs(reconnectPolicy, lostConnections));
      } else if (isLostRace(error, statements.schema) && races < LOST_RACES) {
        races += 1;
      } else {
        return { error: toLeftfoldError(error, statements.schema) };
      }
    }
  }
}

/** True for a wait that `lock_timeout` ended; false for NOWAIT, and for the same code raised by a function of a hook's. */
function isEndedWait(error: unknown): boolean {
  return isLockTimeout(error) && (error as { readonly routine?: unknown }).routine === 'ProcessInterrupts';
}

async function attempt(
  transact: RunTransaction,
  statements: AppendStatements,
  request: AppendRequest,
  inline: InlineHook | undefined,
  { lockTimeoutMs, ...options }: BatchOptions,
): Promise<AppendOutcome> {
  let applied = false;
  let hasOwnLimit = false;
  const onStatement = (text: string) => {
    hasOwnLimit ||= applied && /\block_timeout\b/i.test(text);
  };
  const work = async ({ tx }: PipelinedTransaction) => {
    const [outcome] = await appendBatch(runnerInTransaction(tx), statements, [request], options);
    if (outcome === undefined) throw new TypeError('_append_batch answered for no request');
    if (outcome.kind === 'appended' && inline !== undefined) {
      const events = toAppendResult(request, outcome, []).streams.flatMap((stream) => stream.events);
      applied = true;
      await inline.apply(tx, events);
    }
    return outcome;
  };
  try {
    return await transact(work, { lockTimeoutMs, onStatement });
  } catch (cause) {
    // After a connection that broke at the commit, the append may be in the log. What the hook met outside of the
    // transaction, such as a file that is missing, looks like a broken connection, but is not operational.
    if (!applied || (isConnectionFailure(cause) && isOperational(cause))) throw cause;
    throw new HookFailure(cause, hasOwnLimit);
  }
}

/**
 * Runs the hook in the caller's transaction.
 *
 * @throws the first error of a statement, also when the hook has caught it: the caller's commit would undo everything
 */
export async function applyInTransaction(
  transaction: CallerTransaction,
  inline: InlineHook,
  events: readonly RecordedEvent[],
): Promise<void> {
  const tx = asKysely(transaction);
  try {
    await inline.apply(tx, events);
    await sql`select`.execute(tx);
  } catch (error) {
    const typed = inline.toError?.(error) ?? error;
    throw isAborted(typed) ? new TransactionRolledBackError({ cause: typed }) : typed;
  }
}
