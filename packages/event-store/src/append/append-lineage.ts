import { type RecordedEvent, StoreUnavailableError } from '@leftfold/core';
import { type AppendRequest, readUpTo } from '@leftfold/core/append';
import type { StatementRunner } from '@leftfold/postgres';
import { ANOTHER_EACH_TIME, LINEAGE_ATTEMPTS, type LogMemory } from '../lineage/log-memory.ts';
import type { BatchOptions } from '../sql/append.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import type { RequestResult, SendBatch } from './queued-request.ts';

/** Sends requests that rest on a lineage of the log: the database appends nothing when it has another one. */
export type SendInLineage = (
  requests: readonly AppendRequest[],
  options: Pick<BatchOptions, 'lineage' | 'lockTimeoutMs'>,
) => Promise<readonly RequestResult[]>;

type Seen = Pick<RecordedEvent, 'position' | 'id'>;

/**
 * Sends requests of the present era with its lineage, and remembers what they appended. Those that were queued in an
 * earlier era are not sent.
 */
export function sendInEra(memory: LogMemory, send: SendInLineage): SendBatch {
  return async (requests, lockTimeoutMs) => {
    const { era, lineage } = memory;
    if (requests.every((request) => request.era === era)) {
      const results = await send(requests, { lineage, lockTimeoutMs });
      memory.remember(era, endsOf(requests, results));
      await memory.confirm(lineage);
      return results;
    }
    return requests.map((request) =>
      request.era === era ? 'retry-alone' : { outcome: { kind: 'log-changed' } },
    );
  };
}

/** The first and the last event of a transaction, in its order: the log loses all of its events or none. */
function endsOf(requests: readonly AppendRequest[], results: readonly RequestResult[]): readonly Seen[] {
  const isAppended = (result: RequestResult) => appendedBy(result) !== undefined;
  const ends = [
    [results.findIndex(isAppended), 0],
    [results.findLastIndex(isAppended), -1],
  ] as const;
  return ends.flatMap(([index, place]) => {
    const position = appendedBy(results[index])?.positions.at(place);
    const event = requests[index]?.streams.flatMap(({ events }) => events).at(place);
    return position === undefined || event === undefined ? [] : [{ position, id: event.id }];
  });
}

function appendedBy(result: RequestResult | undefined) {
  if (typeof result !== 'object' || !('outcome' in result)) return undefined;
  const { outcome } = result;
  return outcome.kind === 'appended' && outcome.positions.length > 0 ? outcome : undefined;
}

/**
 * Appends, and again when the lineage of the log has changed and nothing that the append rests on was lost.
 *
 * @param append gets the request with the era in which it is sent
 * @param run checks the log in a transaction
 * @throws LogRewoundError
 */
export async function withLineage(
  memory: LogMemory,
  request: AppendRequest,
  append: (request: AppendRequest) => Promise<AppendOutcome>,
  run?: StatementRunner,
): Promise<AppendOutcome> {
  const basis = request.era ?? memory.era;
  const after = readUpTo(request.condition);
  for (let attempt = 0; attempt < LINEAGE_ATTEMPTS; attempt += 1) {
    if (after > 0) await memory.assertReaches(after, run);
    // After the question above, which can find out that the log went back: it may have come to that position again.
    if (restsOnReading(request)) memory.assertSame(basis);
    const outcome = await append({ ...request, era: memory.era });
    if (outcome.kind !== 'log-changed') return outcome;
    await memory.check(run);
  }
  throw new StoreUnavailableError(ANOTHER_EACH_TIME);
}

/** An append without a number for what it expects holds in any history of the log. */
function restsOnReading({ era, streams, condition }: AppendRequest): boolean {
  return (
    era !== undefined ||
    readUpTo(condition) > 0 ||
    streams.some(({ expectedVersion }) => typeof expectedVersion === 'number' && expectedVersion > 0)
  );
}
