import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { expect, vi } from 'vitest';
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
  expect(printed).toEqual([expect.stringMatching(/waiting up to 60000 ms: the database cannot be reached/)]);
});

test('it waits no longer than it is told, and by default not at all', async ({ database, printed }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  await proxy.cut();
  const lost = { code: 'STORE_UNAVAILABLE', retryable: true };
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
