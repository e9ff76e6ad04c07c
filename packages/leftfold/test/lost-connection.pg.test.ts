import type { BorrowedClient } from '@leftfold/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account, createDatabase, movements, openBalances, startBank } from './bank.ts';

type Bank = Awaited<ReturnType<typeof startBank>>;
type Pool = Bank['store']['pool'];
type PoolClient = BorrowedClient['client'];

const lost = { code: 'STORE_UNAVAILABLE', retryable: true };

let database: Awaited<ReturnType<typeof createDatabase>>;
/** Kills the connections of others. */
let killer: Bank;

beforeAll(async () => {
  database = await createDatabase();
  killer = await startBank(database.connectionString, { subscriptions: { run: false } });
  await using app = await startBank(database.connectionString);
  await app.store.append(
    'account-cut',
    Array.from({ length: 10 }, () => account.events.create.deposited({ cents: 1 })),
  );
  await app.projections.whenCaughtUp(movements);
  await app.projections.whenCaughtUp(openBalances);
});

afterAll(async () => {
  await killer?.close();
  await database?.[Symbol.asyncDispose]();
});

/** Ends a borrowed connection from the other side, and waits until the news of it is here. */
async function kill(client: PoolClient, query = client.query.bind(client)): Promise<void> {
  const { rows } = await query<{ pid: number }>('select pg_backend_pid() as pid');
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  await killer.store.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]!.pid]);
  await ended;
}

/** Kills each connection of a pool right before it is asked for something in particular. */
function killBefore(pool: Pool, asked: string): void {
  pool.on('acquire', (client) => {
    const query = client.query.bind(client);
    client.query = (async (...input: Parameters<typeof query>) => {
      if (JSON.stringify(input).includes(asked)) await kill(client, query);
      return query(...input);
    }) as typeof client.query;
  });
}

describe('a backend that is killed does not end the process', () => {
  test('but fails the query in the middle of which it was', async () => {
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

  test('but fails the query that was about to be asked', async () => {
    await using app = await startBank(database.connectionString, { subscriptions: { run: false } });
    killBefore(app.store.pool, 'account-cut');
    const query = app.query(openBalances, { atLeast: 1 }).where('account_id', '=', 'account-cut');
    await expect(query.execute()).rejects.toMatchObject(lost);
    expect(await app.query(openBalances).execute()).toHaveLength(1);
  });

  test('but fails the start of an app', async () => {
    await using owner = await startBank(database.connectionString, { subscriptions: { run: false } });
    const { pool } = owner.store;
    killBefore(pool, 'current_database() as name');
    await expect(startBank('', { database: { pool }, subscriptions: { run: false } })).rejects.toMatchObject(
      lost,
    );
  });
});
