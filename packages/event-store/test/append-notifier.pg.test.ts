import { accountEvents, opened } from '@leftfold/testbed/bank';
import { killBackends } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { countQueries } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { createEventStore, type PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

const test = storeTest
  .extend('listeners', ({ store }) => async () => {
    const { rowCount } = await store.pool.query(
      `select from pg_stat_activity
        where datname = current_database() and application_name = 'leftfold listener' and query ilike 'listen%'`,
    );
    return rowCount ?? 0;
  })
  // How long appends of one store take to reach a follower of another one, in milliseconds, sorted.
  .extend('measureDelays', ({ store }) => async (reader: PostgresEventStore, rounds: number) => {
    const arrivals = new Map<number, number>();
    const stop = new AbortController();
    const after = await reader.highWaterMark();
    const following = (async () => {
      for await (const { position } of reader.subscribe({ after, signal: stop.signal })) {
        arrivals.set(position, performance.now());
      }
    })();
    const delays: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { position } = await store.append(`account-${crypto.randomUUID()}`, [opened]);
      const appended = performance.now();
      await until(() => arrivals.has(position), { message: 'the event to arrive' });
      delays.push(arrivals.get(position)! - appended);
    }
    stop.abort();
    await following;
    return delays.toSorted((a, b) => a - b);
  });

const median = (sorted: readonly number[]) => sorted[Math.floor(sorted.length / 2)]!;

describe('notifications that tell of nothing', () => {
  test('are answered together, and the next append still wakes its readers', async ({
    database,
    listeners,
    pool,
    store,
  }) => {
    await using reader = openStore(database.connectionString);
    const stop = new AbortController();
    const waiting = reader.waitForHighWaterMark({ after: await reader.highWaterMark(), signal: stop.signal });
    await until(async () => (await listeners()) > 0, { message: 'the reader to listen' });
    const reads = countQueries(reader);
    const begun = performance.now();
    for (let sent = 0; sent < 1_000; sent += 1) await pool.query('notify leftfold_leftfold');
    const elapsedMs = performance.now() - begun;
    // One read for each 20 ms, whatever that time was, and the few that are answered at once.
    expect(reads()).toBeGreaterThan(5);
    expect(reads()).toBeLessThanOrEqual(10 + elapsedMs / 20);
    const { position } = await store.append('account-flooded', [opened]);
    expect(await waiting).toBeGreaterThanOrEqual(position);
    stop.abort();
  });
});

describe('an append in one process', () => {
  test('wakes a follower in another process by NOTIFY', async ({ database, listeners, measureDelays }) => {
    await using reader = openStore(database.connectionString);
    const stop = new AbortController();
    const waiting = reader.waitForHighWaterMark({ after: await reader.highWaterMark(), signal: stop.signal });
    await until(async () => (await listeners()) > 0, { message: 'the reader to listen' });
    stop.abort();
    await waiting;
    const delays = await measureDelays(reader, 21);
    // A process that listens polls once a second: half a second, were it not woken.
    expect(median(delays)).toBeLessThan(250);
  });

  test('reaches a follower that only polls', async ({ database, listeners, measureDelays }) => {
    guarantee('lost-notifications');
    const before = await listeners();
    await using reader = openStore(database.connectionString, { listen: false });
    const delays = await measureDelays(reader, 11);
    expect(median(delays)).toBeLessThan(400);
    expect(await listeners()).toBe(before);
  });

  test('wakes a follower whose pool was made with its password apart from the address', async ({
    database,
    listeners,
  }) => {
    const { hostname, port, username, password, pathname } = new URL(database.connectionString);
    await using pool = Object.assign(
      new pg.Pool({
        host: hostname,
        port: Number(port),
        user: username,
        password: decodeURIComponent(password),
        database: pathname.slice(1),
      }),
      { [Symbol.asyncDispose]: () => pool.end() },
    );
    const before = await listeners();
    await using reader = createEventStore({ pool, events: [accountEvents] });
    const stop = new AbortController();
    const waiting = reader.waitForHighWaterMark({ after: await reader.highWaterMark(), signal: stop.signal });
    const heard = await until(async () => (await listeners()) > before, { message: 'the reader to listen' });
    expect(heard).toBe(true);
    stop.abort();
    await waiting;
  });

  test('reaches a follower whose listening connection was killed, and it listens again', async ({
    database,
    store,
    listeners,
    measureDelays,
  }) => {
    guarantee('lost-notifications');
    await using reader = openStore(database.connectionString);
    const stop = new AbortController();
    const waiting = reader.waitForHighWaterMark({ after: await reader.highWaterMark(), signal: stop.signal });
    await until(async () => (await listeners()) > 0, { message: 'the reader to listen' });
    await killBackends(store.pool, `application_name = 'leftfold listener'`);
    expect(median(await measureDelays(reader, 5))).toBeLessThan(400);
    await until(async () => (await listeners()) > 0, { message: 'the reader to listen again' });
    stop.abort();
    await waiting;
  });

  test('does not wake followers of the log of another schema', async ({ database }) => {
    await using beside = openStore(database.connectionString, { schema: 'beside' });
    await beside.migrate();
    const listener = new pg.Client({ connectionString: database.connectionString });
    await listener.connect();
    const heard: string[] = [];
    listener.on('notification', ({ channel }) => heard.push(channel));
    await listener.query('listen leftfold_leftfold');
    await listener.query('listen leftfold_beside');
    await beside.append('account-beside', [opened]);
    await until(() => heard.length > 0, { message: 'the announcement' });
    expect(heard).toEqual(['leftfold_beside']);
    await listener.end();
  });
});
