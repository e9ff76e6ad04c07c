import { account, balances, openBalances, transfer } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import {
  accepted,
  type App,
  createApp,
  defineEvents,
  type RecordedEvent,
  latestToken,
  tokenOf,
} from '../src/index.ts';
import { startBank, test } from './app-test.ts';

async function connectionsTo(name: string, app: Pick<App, 'store'>): Promise<number> {
  const { rows } = await app.store.pool.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity where datname = $1`,
    [name],
  );
  return rows[0]?.count ?? 0;
}

test('a command is executed, and its effect is read from a read model', async ({ database }) => {
  await using app = await startBank(database.connectionString);
  await app.execute(account.command.open('ada', { owner: 'Ada' }));
  await app.execute(account.command.deposit('ada', { cents: 700 }));
  const done = await app.execute(account.command.withdraw('ada', { cents: 500 }));
  const rows = await app.query(balances, { atLeast: done.token }).where('cents', '>', 0).execute();
  expect(rows).toEqual([{ account_id: 'account-ada', owner: 'Ada', cents: 200, events: 3 }]);
  expect((await app.load(account, 'ada', { atVersion: 2 })).state).toEqual({ open: true, cents: 700 });
});

test('a decision over two aggregates is accepted, then rejected', async ({ database }) => {
  await using app = await startBank(database.connectionString);
  await app.execute(account.command.deposit('bob', { cents: 10 }));
  await app.execute(account.command.open('eve', { owner: 'Eve' }));
  const command = transfer.command({ from: 'bob', to: 'eve', cents: 10 });
  const done = accepted(await app.execute(command, { metadata: { actor: 'bob' } }));
  expect(done.events.map(({ streamId, metadata }) => [streamId, metadata.actor])).toEqual([
    ['account-bob', 'bob'],
    ['account-eve', 'bob'],
  ]);
  expect(await app.execute(command)).toMatchObject({ outcome: 'rejected', reason: 'insufficient-funds' });
});

test('the app names its Postgres in one line, without the password', async ({ database }) => {
  const said: string[] = [];
  await using app = await startBank(database.connectionString, { onStart: (message) => said.push(message) });
  expect(said).toEqual([app.database]);
  expect(app.database).toMatch(/^PostgreSQL \d+\.\d+, database "\w+" on [\w./]+:\d+ \(database.url\)$/);
  expect(app.database).not.toContain(new URL(database.connectionString).password || 'no password');
});

test('two apps with different schemas in one database are separate', async ({ database }) => {
  await using other = await startBank(database.connectionString, { schema: 'other' });
  const opened = await other.execute(account.command.open('ada', { owner: 'Another Ada' }));
  expect(opened).toMatchObject({ outcome: 'accepted', streamVersion: 1 });
  const rows = await other.query(balances, { atLeast: opened.token }).execute();
  expect(rows).toEqual([{ account_id: 'account-ada', owner: 'Another Ada', cents: 0, events: 1 }]);
});

test('any number of processes may start at once on an empty database', async ({ ownDatabase }) => {
  guarantee('concurrent-start');
  const apps = await Promise.all([1, 2, 3].map(() => startBank(ownDatabase.connectionString)));
  const results = await Promise.all(
    apps.map((app, index) => app.execute(account.command.deposit(`start-${index}`, { cents: 5 }))),
  );
  const [app] = apps;
  const atLeast = latestToken(results.map(({ token }) => token));
  expect(await app?.query(balances, { atLeast }).execute()).toHaveLength(3);
  await Promise.all(apps.map((one) => one.close()));
});

describe('closing', () => {
  test('waits for running commands, and loses none', async ({ database }) => {
    guarantee('orderly-close');
    const app = await startBank(database.connectionString);
    const running = Array.from({ length: 50 }, () =>
      app.execute(account.command.deposit('closing', { cents: 1 })),
    );
    await app.close();
    const results = await Promise.all(running);
    expect(Math.max(...results.map(({ streamVersion }) => streamVersion))).toBe(50);

    await using again = await startBank(database.connectionString);
    expect((await again.load(account, 'closing')).state.cents).toBe(50);
    await again.projections.whenCaughtUp(balances);
    const row = await again.query(balances).where('account_id', '=', 'account-closing').executeTakeFirst();
    expect(row?.cents).toBe(50);
  });

  test('leaves no connection, and releases the leases', async ({ database, ownDatabase }) => {
    guarantee('orderly-close');
    await using watcher = await startBank(database.connectionString, { subscriptions: { run: false } });
    const app = await startBank(ownDatabase.connectionString);
    await app.projections.whenCaughtUp(openBalances);
    await until(async () => (await app.projections.status())[0]?.state === 'running');
    await app.close();
    await until(async () => (await connectionsTo(ownDatabase.name, watcher)) === 0);
    await using again = await startBank(ownDatabase.connectionString, { subscriptions: { run: false } });
    expect((await again.projections.status()).map(({ state }) => state)).toEqual([
      'waiting',
      'inline',
      'waiting',
    ]);
  });

  test('ends waiting queries, subscriptions and later calls, with typed errors', async ({ database }) => {
    const app = await startBank(database.connectionString, { subscriptions: { run: false } });
    const { token } = await app.execute(account.command.deposit('waiting', { cents: 1 }));
    const waiting = app.query(balances, { atLeast: token, timeoutMs: 60_000 }).execute();
    const outcome = Promise.allSettled([waiting]);
    const seen: RecordedEvent[] = [];
    const subscribed = (async () => {
      for await (const event of app.store.subscribe()) seen.push(event);
    })();
    await until(() => seen.length > 0);
    await app.close();
    await subscribed;
    const closed = { code: 'CLOSED', retryable: false };
    expect(await outcome).toMatchObject([{ status: 'rejected', reason: closed }]);
    await expect(app.query(balances).execute()).rejects.toMatchObject(closed);
    await expect(app.query(balances, { atLeast: tokenOf(undefined) }).execute()).rejects.toMatchObject(
      closed,
    );
    await expect(app.execute(account.command.deposit('late', { cents: 1 }))).rejects.toMatchObject(closed);
    await expect(app.load(account, 'late')).rejects.toMatchObject(closed);
    await app.close();
  });

  test('does not end a pool passed by the caller', async ({ database }) => {
    await using owner = await startBank(database.connectionString);
    const app = await startBank('', { database: { pool: owner.store.pool } });
    expect(app.database).toContain('(database.pool)');
    await app.execute(account.command.deposit('pooled', { cents: 1 }));
    await app.close();
    await expect(app.query(balances).execute()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(await owner.store.pool.query('select 1')).toMatchObject({ rowCount: 1 });
  });
});

describe('createApp fails on', () => {
  test('two definitions of one name, before any database is looked for', async () => {
    guarantee('duplicate-definitions');
    const nowhere = 'postgres://nobody@127.0.0.1:1/nowhere';
    const duplicate = (definition: string) => ({ code: 'DUPLICATE_DEFINITION', definition });
    await expect(
      createApp({ aggregates: [account, { ...account }], database: { url: nowhere } }),
    ).rejects.toMatchObject(duplicate('account'));
    await expect(
      createApp({ decisions: [transfer, { ...transfer }], database: { url: nowhere } }),
    ).rejects.toMatchObject(duplicate('transfer'));
    await expect(
      createApp({ projections: [balances, { ...balances }], database: { url: nowhere } }),
    ).rejects.toMatchObject(duplicate('balances'));
    const others = defineEvents('account', { opened: z.object({ owner: z.string() }) });
    await expect(
      createApp({ aggregates: [account], events: [others], database: { url: nowhere } }),
    ).rejects.toMatchObject(duplicate('account.opened'));
  });

  test('a database that cannot be reached', async () => {
    await expect(startBank('postgres://nobody@127.0.0.1:1/nowhere')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
  });

  test('a database migrated by a newer release, without leaving a connection', async ({
    database,
    ownDatabase,
  }) => {
    guarantee('newer-schema');
    await using watcher = await startBank(database.connectionString, { subscriptions: { run: false } });
    const open = () => connectionsTo(ownDatabase.name, watcher);
    const app = await startBank(ownDatabase.connectionString);
    await app.store.pool.query(
      `insert into leftfold.migrations (component, number, name, checksum) values ('event-store', 9999, 'from the future', '')`,
    );
    await app.close();
    await until(async () => (await open()) === 0);
    await expect(startBank(ownDatabase.connectionString)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      installed: 9999,
      message: expect.stringContaining('upgrade the leftfold packages'),
    });
    await until(async () => (await open()) === 0, {
      message: 'the connections of an app that did not start',
    });
  });
});

test('an inline projection is up to date when the command returns', async ({ database }) => {
  await using app = await startBank(database.connectionString);
  const { token } = await app.execute(account.command.deposit('inline', { cents: 3 }));
  const query = app
    .query(openBalances, { atLeast: token, timeoutMs: 0 })
    .where('account_id', '=', 'account-inline');
  expect(await query.executeTakeFirst()).toEqual({ account_id: 'account-inline', cents: 3 });
});
