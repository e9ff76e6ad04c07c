import { type RecordedEvent, retryDelayMs } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import {
  isConnectionFailure,
  isLostRace,
  isRolledBack,
  pause,
  runnerInTransaction,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { Kysely, Transaction } from 'kysely';
import type { AppendStatements } from '../sql/append.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { toAppendResult } from './append-result.ts';
import type { RequestResult } from './group-commit.ts';
import { reconnectPolicy, ROLLBACK_ATTEMPTS } from './append-retries.ts';
import { appendBatch } from './send-batch.ts';

/** Work that belongs to the append's own transaction. */
export interface InlineHook {
  /** Appends without any of these do not run it. */
  readonly eventTypes: ReadonlySet<string>;
  /** What it throws rolls the append back and reaches the caller untouched. Called again when the append is tried again. */
  apply(transaction: Transaction<unknown>, events: readonly RecordedEvent[]): Promise<void>;
}

/** What the hook threw, to tell it from what the append threw. */
class HookFailure extends Error {}

/**
 * One append and its inline hook in one transaction.
 *
 * A race that the append loses is tried again; whatever the hook throws is the caller's, a unique violation in a read
 * model included, and rolls the append back.
 */
export async function appendWithHook(
  db: Kysely<unknown>,
  statements: AppendStatements,
  request: AppendRequest,
  inline: InlineHook | undefined,
): Promise<RequestResult> {
  let checkEventIds = false;
  let rollbacks = 0;
  let lostConnections = 0;
  for (;;) {
    try {
      return { outcome: await attempt(db, statements, request, inline, checkEventIds) };
    } catch (failure) {
      const error = failure instanceof HookFailure ? failure.cause : failure;
      checkEventIds = true;
      if (isRolledBack(error) && rollbacks < ROLLBACK_ATTEMPTS) {
        rollbacks += 1;
      } else if (failure instanceof HookFailure) {
        return { error };
      } else if (isConnectionFailure(error)) {
        lostConnections += 1;
        if (lostConnections >= reconnectPolicy.attempts)
          return { error: toLeftfoldError(error, statements.schema) };
        await pause(retryDelayMs(reconnectPolicy, lostConnections));
      } else if (!isLostRace(error, statements.schema)) {
        return { error: toLeftfoldError(error, statements.schema) };
      }
    }
  }
}

async function attempt(
  db: Kysely<unknown>,
  statements: AppendStatements,
  request: AppendRequest,
  inline: InlineHook | undefined,
  checkEventIds: boolean,
): Promise<AppendOutcome> {
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      const run = runnerInTransaction(transaction);
      const [outcome] = await appendBatch(run, statements, [request], { checkEventIds });
      if (outcome === undefined) throw new TypeError('_append_batch answered for no request');
      if (outcome.kind === 'appended' && inline !== undefined) {
        const events = toAppendResult(request, outcome, []).streams.flatMap((stream) => stream.events);
        try {
          await inline.apply(transaction, events);
        } catch (cause) {
          throw new HookFailure('the inline hook failed', { cause });
        }
      }
      return outcome;
    });
}
