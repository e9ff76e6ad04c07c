import { retryDelayMs } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import {
  isConnectionFailure,
  isLockTimeout,
  isLostRace,
  isNoAnswer,
  isRolledBack,
  pause,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { AppendStatements, BatchOptions } from '../sql/append.ts';
import {
  type AppendBatchRow,
  type AppendOneRow,
  type AppendOutcome,
  toAppendOneOutcome,
  toBatchOutcomes,
} from '../sql/append-outcome.ts';
import { LOST_RACES, reconnectPolicy, ROLLBACK_ATTEMPTS } from './append-retries.ts';
import type { RequestResult } from './queued-request.ts';

/** Races that one batch may lose before its requests go one by one. Each loss is another writer's win. */
const RACES_TOGETHER = 20;

/**
 * Sends a batch until the database has answered for each request.
 *
 * A lost race, a deadlock and a lost connection are tried again, with the event ids looked up first, so that nothing
 * is appended twice. When the database refuses the batch as such, all are handed back to go alone: each then fails or
 * succeeds by itself. When one has to wait for a transaction that stays open, all are handed back as blocked.
 */
export async function sendBatch(
  run: StatementRunner,
  statements: AppendStatements,
  requests: readonly AppendRequest[],
  options: Pick<BatchOptions, 'lineage' | 'lockTimeoutMs'>,
): Promise<readonly RequestResult[]> {
  let checkEventIds = false;
  let races = 0;
  let rollbacks = 0;
  let lostConnections = 0;
  for (;;) {
    try {
      const outcomes = await attempt(run, statements, requests, { ...options, checkEventIds });
      return outcomes.map((outcome) => ({ outcome }));
    } catch (error) {
      checkEventIds = true;
      if (
        isLostRace(error, statements.schema) &&
        races < (requests.length === 1 ? LOST_RACES : RACES_TOGETHER)
      ) {
        races += 1;
      } else if (isRolledBack(error) && rollbacks < ROLLBACK_ATTEMPTS) {
        rollbacks += 1;
      } else if (isConnectionFailure(error)) {
        lostConnections += 1;
        // A caller that has waited for so long can decide better whether to wait again.
        if (isNoAnswer(error) || lostConnections >= reconnectPolicy.attempts)
          return requests.map(() => ({ error: toLeftfoldError(error, statements.schema) }));
        await pause(retryDelayMs(reconnectPolicy, lostConnections));
      } else if (isLockTimeout(error)) {
        return requests.map(() => ({ blocked: error, lostConnection: lostConnections > 0 }));
      } else if (requests.length > 1) {
        return requests.map(() => 'retry-alone');
      } else {
        return [{ error: toLeftfoldError(error, statements.schema) }];
      }
    }
  }
}

async function attempt(
  run: StatementRunner,
  statements: AppendStatements,
  requests: readonly AppendRequest[],
  options: BatchOptions,
): Promise<readonly AppendOutcome[]> {
  const [request] = requests;
  if (requests.length === 1 && request !== undefined && !options.checkEventIds) {
    const statement = statements.one(request, options.lineage, options.lockTimeoutMs);
    if (statement !== undefined) {
      const [row] = await run<AppendOneRow>(statement);
      const outcome = toAppendOneOutcome(row);
      if (outcome !== undefined) return [outcome];
    }
  }
  return appendBatch(run, statements, requests, options);
}

/** One call of the batch function, without retries. @throws what the database threw, untouched */
export async function appendBatch(
  run: StatementRunner,
  statements: AppendStatements,
  requests: readonly AppendRequest[],
  options: BatchOptions,
): Promise<readonly AppendOutcome[]> {
  const [row] = await run<AppendBatchRow>(statements.batch(requests, options));
  if (row === undefined) throw new TypeError('_append_batch answered without a row');
  return toBatchOutcomes(requests, row);
}
