import { until } from '@leftfold/testing/postgres';
import type { PostgresEventStore } from '../src/index.ts';

/** Counts how often a store has asked its database, from now on. */
export function countQueries(store: PostgresEventStore): () => number {
  let asked = 0;
  store.pool.on('acquire', () => {
    asked += 1;
  });
  return () => asked;
}

/** Resolves when a store has asked its database a few times more: a reader had its chance to go wrong. */
export async function untilAsked(store: PostgresEventStore, times = 4): Promise<void> {
  const asked = countQueries(store);
  await until(() => asked() >= times, { message: `the store to ask its database ${times} times` });
}
