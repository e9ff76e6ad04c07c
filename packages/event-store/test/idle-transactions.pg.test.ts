import { IDLE_LIMIT_MS } from '@leftfold/postgres';
import { opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { openStore, test } from './store-test.ts';

/** Far below that of a transaction without a limit, for which the test waits in vain. */
const LONGEST_MS = IDLE_LIMIT_MS + 15_000;

describe('an append whose process does nothing more holds up readers for seconds only', () => {
  test('with an inline hook', async ({ database, store }) => {
    const gate = new Gate();
    await using paused = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (tx) => {
          await gate.pass();
          await sql`select 1`.execute(tx);
        },
      },
    });
    const appending = paused.append('account-paused', [opened]);
    await gate.reached();
    const began = performance.now();
    const { position } = await store.append('account-other', [opened]);
    await until(async () => (await store.highWaterMark()) >= position, { timeoutMs: 30_000 });
    expect(performance.now() - began).toBeLessThan(LONGEST_MS);
    gate.open();
    // The append is made again, on another connection.
    await appending;
  });

  test("in the caller's transaction", async ({ store, database }) => {
    await using transaction = await beginTransaction(database.connectionString);
    const began = performance.now();
    await store.append('account-idle', [opened], { transaction: transaction.client });
    const { position } = await store.append('account-other-2', [opened]);
    await until(async () => (await store.highWaterMark()) >= position, { timeoutMs: 30_000 });
    expect(performance.now() - began).toBeLessThan(LONGEST_MS);
  });

  test("unless the caller's transaction has a limit of its own", async ({ store }) => {
    const limit = await store.db.transaction().execute(async (transaction) => {
      await sql`set local idle_in_transaction_session_timeout = '1min'`.execute(transaction);
      await store.append('account-limited', [opened], { transaction });
      return sql<{ limit: string }>`
        select current_setting('idle_in_transaction_session_timeout') as limit`.execute(transaction);
    });
    expect(limit.rows).toEqual([{ limit: '1min' }]);
  });
});

test('the limits of a transaction end with it', async ({ database }) => {
  await using single = openStore(database.connectionString, { maxConnections: 1 });
  const settings = sql<{ idle: string; name: string }>`
    select current_setting('idle_in_transaction_session_timeout') as idle,
           current_setting('application_name') as name`;
  const within = await single.inTransaction(({ tx }) => settings.execute(tx), { applicationName: "it's" });
  expect(within.rows).toEqual([{ idle: '5s', name: "it's" }]);
  expect((await settings.execute(single.db)).rows).toEqual([{ idle: '0', name: 'leftfold' }]);
});

test('a transaction that is aborted is rolled back; its work can write nothing more', async ({
  store,
  pool,
}) => {
  await pool.query('create table aborted (n integer)');
  const gate = new Gate();
  const limit = new AbortController();
  let late: Promise<unknown> | undefined;
  const running = failureOf(
    store.inTransaction(
      async ({ tx }) => {
        await sql`insert into aborted values (1)`.execute(tx);
        await gate.pass();
        late = failureOf(sql`insert into aborted values (2)`.execute(tx));
        await late;
      },
      { signal: limit.signal },
    ),
  );
  await gate.reached();
  limit.abort(new Error('too slow'));
  expect(await running).toMatchObject({ message: 'too slow' });
  gate.open();
  await until(() => late !== undefined);
  expect(await late).toMatchObject({ message: 'too slow' });
  // Waits for the locks of the transaction.
  await pool.query('alter table aborted add column more integer');
  expect((await pool.query('select n from aborted')).rows).toEqual([]);
});

test('a table that is altered fails a prepared statement once at most', async ({ database, pool }) => {
  await pool.query('create table altered (n integer)');
  await using store = openStore(database.connectionString, { maxConnections: 4 });
  const onAll = () =>
    Promise.all(
      [1, 2, 3, 4].map(() => store.db.connection().execute((db) => sql`select * from altered`.execute(db))),
    );
  for (let n = 0; n < 8; n += 1) await onAll();
  await pool.query('alter table altered add column text text');
  let failures = 0;
  for (let n = 0; n < 12; n += 1) await onAll().catch(() => (failures += 1));
  expect(failures).toBeLessThanOrEqual(1);
});
