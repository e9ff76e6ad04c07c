import { opened } from '@leftfold/testbed/bank';
import { serverTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import pg from 'pg';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { migratedLog, openStore } from './store-test.ts';

/** Every way to ask something of the database. */
const calls: Readonly<Record<string, (store: PostgresEventStore) => Promise<unknown>>> = {
  migrate: (store) => store.migrate(),
  'append one event': (store) => store.append('account-1', [opened]),
  'append several events': (store) => store.append('account-1', [opened, opened]),
  readStream: (store) => collect(store.readStream('account-1')),
  readAll: (store) => collect(store.readAll()),
  highWaterMark: (store) => store.highWaterMark(),
  waitForSettled: (store) => store.waitForHighWaterMark({ after: Number.MAX_SAFE_INTEGER }),
  eventsOfCommand: (store) => store.eventsOfCommand('command'),
  loadSnapshot: (store) => store.loadSnapshot('account-1', 'key'),
  saveSnapshot: (store) =>
    store.saveSnapshot('account-1', 'key', { streamVersion: 1, position: 1, state: {} }),
};

const unreachable = {
  code: 'STORE_UNAVAILABLE',
  retryable: true,
  message: 'the database cannot be reached; check that it runs and that the connection string is right',
};

const test = serverTest({ settings: { shared_preload_libraries: 'pg_stat_statements' } }, migratedLog)
  .extend('countListeners', ({ pool }) => async () => {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity where application_name = 'leftfold listener' and query ilike 'listen%'`,
    );
    return rowCount ?? 0;
  })
  // Statements of every store.
  .extend('countStatements', ({ pool }) => async () => {
    const { rows } = await pool.query<{ calls: number }>(
      `select coalesce(sum(calls), 0)::float8 as calls from pg_stat_statements
        where toplevel and query ~ 'leftfold' and query !~ 'pg_stat'`,
    );
    return rows[0]!.calls;
  });

describe('a database', () => {
  test.beforeAll(async ({ pool }) => {
    await pool.query('create extension pg_stat_statements');
  });

  test.for(Object.keys(calls))('that does not answer is an error of %s', async (name) => {
    guarantee('unavailable-database');
    await using store = openStore('postgres://nobody@127.0.0.1:1/nothing');
    expect(await failureOf(calls[name]!(store))).toMatchObject(unreachable);
  });

  test('that refuses the login is no outage, and the error says what to check', async ({ database }) => {
    guarantee('unavailable-database');
    const role = 'no such role, or another password; check both in the connection string';
    const changes: readonly (readonly [change: Partial<URL>, reason: string])[] = [
      [{ password: 'wrong' }, role],
      [{ username: 'nobody' }, role],
      [{ pathname: '/nothing' }, 'the database does not exist; create it, or correct its name'],
    ];
    for (const [change, reason] of changes) {
      const message = `the database refuses the login: ${reason}`;
      const refused = { code: 'LOGIN_REFUSED', retryable: false, message };
      const url = new URL(database.connectionString);
      Object.assign(url, change);
      await using store = openStore(url.href);
      for (const call of Object.values(calls)) expect(await failureOf(call(store))).toMatchObject(refused);
    }
  });

  test('that wants a password the connection string lacks is an error without secrets', async ({
    database,
  }) => {
    const url = new URL(database.connectionString);
    const { password } = url;
    url.password = '';
    await using store = openStore(url.href);
    const failure = await failureOf(store.highWaterMark());
    expect(failure).toMatchObject({ message: expect.stringContaining('connection string') });
    expect(JSON.stringify(failure) + String(failure)).not.toContain(password);
  });

  test('without a free connection is an outage, and appends succeed after it', async ({ database, pool }) => {
    guarantee('unavailable-database');
    const { rows } = await pool.query<{ max: string }>('show max_connections');
    const max = Number(Object.values(rows[0]!)[0]);
    const url = new URL(database.connectionString);
    await pool.query(`create role guest login password 'guest' connection limit 1`);
    await pool.query(
      'grant usage on schema leftfold to guest; grant all on all tables in schema leftfold to guest',
    );
    await pool.query('grant all on all sequences in schema leftfold to guest');
    await pool.query('grant execute on all functions in schema leftfold to guest');
    expect(max).toBeGreaterThan(1);
    url.username = 'guest';
    url.password = 'guest';
    const holder = new pg.Client({ connectionString: url.href });
    await holder.connect();
    await using store = openStore(url.href, { listen: false });
    expect(await failureOf(store.highWaterMark())).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'the database is out of connections (SQLSTATE 53300); free some, then try again',
    });
    const appending = store.append('account-guest', [opened]);
    await holder.end();
    expect(await appending).toMatchObject({ streamVersion: 1 });
  });

  test('restarted during appends loses no acknowledged one, and repeats none', async ({
    server,
    database,
  }) => {
    guarantee('durable');
    await using store = openStore(database.connectionString);
    const after = await store.highWaterMark();
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    let stopped = false;
    const writers = Array.from({ length: 8 }, async (_, index) => {
      for (let count = 0; !stopped; count += 1) {
        const id = `restart-${index}-${count}`;
        try {
          await store.append(`account-restart-${index}`, [{ ...opened, id }]);
          acknowledged.push(id);
        } catch (error) {
          failures.push(error);
        }
      }
    });
    for (const mode of ['fast', 'immediate'] as const) {
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 20, { message: 'some appends' });
      await server.restart({ mode });
    }
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 20, { message: 'appends after the restart' });
    stopped = true;
    await Promise.all(writers);
    for (const failure of failures)
      expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    const recorded = (await collect(store.readAll({ after }))).map(({ id }) => id);
    expect(new Set(recorded).size).toBe(recorded.length);
    const kept = new Set(recorded);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  });

  test('gets few queries a second from an idle store, listening or not', async ({
    database,
    countListeners,
    countStatements,
  }) => {
    for (const [listen, most] of [
      [true, 2],
      [false, 25],
    ] as const) {
      await using store = openStore(database.connectionString, { listen });
      const stop = new AbortController();
      const after = await store.highWaterMark();
      // Ten followers: the watch is one for all of them.
      const followers = Array.from({ length: 10 }, () =>
        collect(store.subscribe({ after, signal: stop.signal })),
      );
      if (listen) {
        await until(async () => (await countListeners()) > 0, { message: 'the store to listen' });
      }
      const before = await countStatements();
      const begun = performance.now();
      await until(() => performance.now() - begun > 3_000, { message: 'three seconds to pass' });
      const perSecond = ((await countStatements()) - before) / ((performance.now() - begun) / 1_000);
      stop.abort();
      await Promise.all(followers);
      expect(perSecond, `listening: ${listen}`).toBeLessThan(most);
      expect(perSecond).toBeGreaterThan(0);
    }
  });
});
