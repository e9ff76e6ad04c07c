import { until } from '@leftfold/testing/postgres';
import type { Pool } from 'pg';

/** A store, or whatever else queries its database by a pool. */
interface QueriesByPool {
  readonly pool: Pick<Pool, 'on'>;
}

/** @returns how many connections the pool has lent since this call: one for each query or transaction */
export function countQueries({ pool }: QueriesByPool): () => number {
  let queries = 0;
  pool.on('acquire', () => {
    queries += 1;
  });
  return () => queries;
}

/** Resolves when a store has queried its database a few times more: a wrong read had its chance to happen. */
export async function untilQueried(store: QueriesByPool, times = 4): Promise<void> {
  const queries = countQueries(store);
  await until(() => queries() >= times, { message: `the store to query its database ${times} times` });
}
