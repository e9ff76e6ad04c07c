import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import pg from 'pg';
import { expect } from 'vitest';
import { openStore, test } from './store-test.ts';

/** Advisory lock that a statement waits for. */
const LOCK = 4711;

for (const [how, wait] of [
  [
    'of a transaction',
    (store: ReturnType<typeof openStore>, statement: typeof lockStatement) =>
      store.inTransaction(async ({ tx }) => statement.execute(tx)),
  ],
  [
    'by itself',
    (store: ReturnType<typeof openStore>, statement: typeof lockStatement) => statement.execute(store.db),
  ],
] as const)
  test(`the server ends a statement ${how} that waits for a lock when its client has gone`, async ({
    database,
  }) => {
    const holder = new pg.Client({ connectionString: database.connectionString });
    await holder.connect();
    await holder.query('select pg_advisory_lock($1)', [LOCK]);
    const store = openStore(database.connectionString);
    const waiting = wait(store, lockStatement).catch((error: unknown) => error);
    await untilBlocked(database.connectionString);
    store.breakOff();
    await waiting;
    const waiters = async () => {
      const { rows } = await holder.query<{ count: number }>(
        `select count(*)::integer as count from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0]?.count;
    };
    await until(async () => (await waiters()) === 0, { timeoutMs: 15_000 });
    expect(await waiters()).toBe(0);
    await holder.end();
    await store.close();
  });

const lockStatement = sql`select pg_advisory_xact_lock(${LOCK})`;
