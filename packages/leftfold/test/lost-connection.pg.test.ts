import { tokenAt } from '@leftfold/testbed/outcome';
import type { BorrowedClient } from '@leftfold/postgres';
import { deposited, movements, openBalances } from '@leftfold/testbed/bank';
import { killBackends } from '@leftfold/testbed/faults';
import { describe, expect } from 'vitest';
import { startBank, test as appTest } from './app-test.ts';

type Bank = Awaited<ReturnType<typeof startBank>>;
type Pool = Bank['store']['pool'];
type PoolClient = BorrowedClient['client'];

const lost = { code: 'STORE_UNAVAILABLE', retryable: true };

/** Tests on an app with a history, whose connections can be killed. */
const test = appTest
  // Ends a borrowed connection from the other side, and waits until its client knows.
  .extend('kill', ({ pool }) => async (client: PoolClient, query = client.query.bind(client)) => {
    const { rows } = await query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await killBackends(pool, rows[0]!.pid);
    await ended;
  })
  // Kills each connection of a pool right before it sends a statement with this text.
  .extend('killBefore', ({ kill }) => (appPool: Pool, statement: string) => {
    appPool.on('acquire', (client) => {
      const query = client.query.bind(client);
      client.query = (async (...input: Parameters<typeof query>) => {
        if (JSON.stringify(input).includes(statement)) await kill(client, query);
        return query(...input);
      }) as typeof client.query;
    });
  });

test.beforeAll(async ({ database }) => {
  await using app = await startBank(database.connectionString);
  await app.store.append(
    'account-cut',
    Array.from({ length: 10 }, () => deposited(1)),
  );
  await app.projections.whenCaughtUp(movements);
  await app.projections.whenCaughtUp(openBalances);
});

describe('a backend that is killed does not end the process', () => {
  test('but fails the query that was running', async ({ database, kill }) => {
    await using app = await startBank(database.connectionString, { subscriptions: { run: false } });
    const borrowed = new Promise<PoolClient>((resolve) => app.store.pool.once('acquire', resolve));
    const rows = app.query(movements).selectFrom('movements').selectAll().stream(5);
    expect((await rows.next()).value).toMatchObject({ account_id: 'account-cut' });
    await kill(await borrowed);
    const rest = async () => {
      for await (const _row of rows);
    };
    await expect(rest()).rejects.toMatchObject(lost);
    expect(await app.query(openBalances).execute()).toHaveLength(1);
  });

  test('but fails the query that was about to be sent', async ({ database, killBefore }) => {
    await using app = await startBank(database.connectionString, { subscriptions: { run: false } });
    killBefore(app.store.pool, 'account-cut');
    const query = app
      .query(openBalances, { atLeast: await tokenAt(app.store, 1) })
      .where('account_id', '=', 'account-cut');
    await expect(query.execute()).rejects.toMatchObject(lost);
    expect(await app.query(openBalances).execute()).toHaveLength(1);
  });

  test('but fails the start of an app', async ({ database, killBefore }) => {
    await using owner = await startBank(database.connectionString, { subscriptions: { run: false } });
    const { pool } = owner.store;
    killBefore(pool, 'current_database() as name');
    await expect(startBank('', { database: { pool }, subscriptions: { run: false } })).rejects.toMatchObject(
      lost,
    );
  });
});
