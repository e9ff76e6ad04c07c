import { account, accountEvents } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { expect, vi } from 'vitest';
import { createApp, defineProjection } from '../src/index.ts';
import { startBank } from './app-test.ts';

/** `test` with what is printed on stderr, which is not printed. */
const test = databaseTest().extend('printed', async ({}, { onCleanup }) => {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  onCleanup(() => spy.mockRestore());
  return lines;
});

test('an app waits for a database that comes up a moment later, and says so once', async ({
  database,
  printed,
}) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  await proxy.cut();
  const starting = startBank(proxy.connectionString, { database: { waitMs: 60_000 } });
  await until(() => printed.length > 0);
  await proxy.restore();
  await using app = await starting;
  expect(await app.store.highWaterMark()).toBe(0);
  expect(printed).toEqual([
    expect.stringMatching(/waiting up to 60000 ms for 127.*: the database cannot be reached/),
  ]);
});

test('an app waits for a database that goes away while the app starts', async ({ database, printed }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  const lost = proxy.loseAnswerTo('_register_subscriptions');
  const options = { schema: 'starting', database: { waitMs: 60_000 } };
  await using app = await startBank(proxy.connectionString, options);
  await lost;
  expect(await app.projections.status()).toHaveLength(3);
  expect(printed).toHaveLength(1);
});

test('an app waits for a database that goes away while an inline projection is built', async ({
  database,
  printed,
}) => {
  await using writer = await startBank(database.connectionString, { subscriptions: { run: false } });
  await writer.execute(account.command.open('1', { owner: 'Ada' }));
  const gate = new Gate();
  const journal = defineProjection({
    name: 'journal',
    mode: 'inline',
    events: [accountEvents],
    tables: { entry: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
    on: {
      'account.opened': async (tx, { position }) => {
        await gate.pass();
        await tx.insertInto('entry').values({ position }).execute();
      },
    },
  });
  await using proxy = await TcpProxy.start(database.connectionString);
  const starting = createApp({
    aggregates: [account],
    projections: [journal],
    database: { url: proxy.connectionString, waitMs: 60_000 },
  });
  await gate.reached();
  await proxy.cut();
  gate.open();
  await until(() => printed.length > 0);
  await proxy.restore();
  await using app = await starting;
  expect(await app.projections.status()).toMatchObject([{ state: 'inline' }]);
  expect(await app.query(journal).selectFrom('entry').selectAll().execute()).toHaveLength(1);
});

test('it waits no longer than it is told, and by default not at all', async ({ database, printed }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  await proxy.cut();
  const { host } = new URL(proxy.connectionString);
  const lost = {
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message: expect.stringContaining(`${host} (database.url): the database cannot be reached`),
  };
  expect(await failureOf(startBank(proxy.connectionString, { database: { waitMs: 300 } }))).toMatchObject(
    lost,
  );
  expect(printed).toHaveLength(1);
  expect(await failureOf(startBank(proxy.connectionString))).toMatchObject(lost);
  expect(printed).toHaveLength(1);
});

test('a start that waits for a lock is given up, and names the session that holds it', async ({
  database,
}) => {
  await using _owner = await startBank(database.connectionString, { subscriptions: { run: false } });
  await using other = await beginTransaction(database.connectionString);
  await other.client.query('lock table leftfold.subscriptions in access exclusive mode');
  const url = new URL(database.connectionString);
  url.searchParams.set('options', '-c lock_timeout=200');
  const failure = await failureOf(startBank(url.href));
  expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(String(failure)).toMatch(/migrate\(\) of the runner was given up/);
  expect(String(failure)).toContain(`(backend ${other.pid})`);
});

test('a database that does not exist is an error at once', async ({ database, printed }) => {
  const url = new URL(database.connectionString);
  url.pathname = '/nowhere';
  const options = { database: { waitMs: 60_000 } };
  expect(await failureOf(startBank(url.href, options))).toMatchObject({ code: 'LOGIN_REFUSED' });
  expect(printed).toEqual([]);
});
