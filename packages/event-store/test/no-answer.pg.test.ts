import { opened } from '@leftfold/testbed/bank';
import { TcpProxy } from '@leftfold/testbed/faults';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { EventStoreOptions, PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

/** Also the limit of answers that do come, on a busy machine. */
const LIMIT_MS = 1_000;

/** A store whose network can go silent, and a reader that is not on it. */
const test = storeTest
  .extend('proxy', async ({ database }, { onCleanup }) => {
    const proxy = await TcpProxy.start(database.connectionString);
    onCleanup(() => proxy[Symbol.asyncDispose]());
    return proxy;
  })
  .extend('openBehind', ({ proxy }, { onCleanup }) => (options: Partial<EventStoreOptions> = {}) => {
    const store = openStore(proxy.connectionString, { listen: false, answerTimeoutMs: LIMIT_MS, ...options });
    onCleanup(() => store.close());
    return store;
  });

const calls: Readonly<Record<string, (store: PostgresEventStore) => Promise<unknown>>> = {
  'an append': (store) => store.append('account-silent', [opened]),
  'a page of the log': (store) => store.readPage({ after: 0, upTo: 1, limit: 1 }),
  'a stream': (store) => collect(store.readStream('account-1')),
  'the high-water mark': (store) => store.highWaterMark(),
  'a wait for the high-water mark': (store) => store.waitForHighWaterMark({ after: 1_000_000 }),
  'a snapshot': (store) => store.loadSnapshot('account-1', 'key'),
  'the events of a command': (store) => store.eventsOfCommand('command'),
};

describe('when a connection goes silent', () => {
  test.for(Object.entries(calls))('%s fails with a typed error', async ([, call], { proxy, openBehind }) => {
    const store = openBehind();
    await store.highWaterMark();
    await store.inTransaction(async () => {});
    proxy.stall();
    expect(await failureOf(call(store))).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(store.pool.totalCount).toBe(0);
    await proxy.restore();
    await store.highWaterMark();
  });

  test('a migration fails as soon as the other calls do', async ({ proxy, openBehind }) => {
    const store = openBehind();
    await store.highWaterMark();
    proxy.stall();
    const began = performance.now();
    expect(await failureOf(store.migrate())).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(performance.now() - began).toBeLessThan(20_000);
    await proxy.restore();
  });

  test('a subscription ends when it is aborted, without the answer', async ({ proxy, openBehind }) => {
    const store = openBehind({ answerTimeoutMs: 30_000 });
    await store.append('account-followed', [opened]);
    // So that it reads a page at once.
    expect(await store.highWaterMark()).toBeGreaterThan(0);
    proxy.stall();
    const ending = new AbortController();
    const reading = collect(store.subscribe({ signal: ending.signal }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    ending.abort();
    expect(await reading).toEqual([]);
    expect(performance.now() - began).toBeLessThan(10_000);
    await proxy.restore();
  });

  test('an append with an inline hook fails, and is not tried again', async ({ proxy, openBehind }) => {
    let calls = 0;
    const store = openBehind({
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (tx) => {
          calls += 1;
          if (calls === 2) proxy.stall();
          await sql`select 1`.execute(tx);
        },
      },
    });
    await store.append('account-hook-1', [opened]);
    const failure = await failureOf(store.append('account-hook-2', [opened]));
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(String(failure)).toContain('answerTimeoutMs');
    expect(calls).toBe(2);
    await proxy.restore();
    // Undone, since it was never committed.
    await store.append('account-hook-2', [opened], { expectedVersion: 'no-stream' });
  });

  test.for(['begin', 'commit'])('a %s that is not answered fails', async (which, { proxy, openBehind }) => {
    const store = openBehind();
    await store.inTransaction(async () => {});
    if (which === 'begin') proxy.stall();
    const failure = await failureOf(store.inTransaction(async () => proxy.stall()));
    expect(String(failure)).toContain(`${LIMIT_MS} ms`);
    expect(store.pool.totalCount).toBe(0);
    await proxy.restore();
  });
});

test('a statement of the caller has no limit', async ({ openBehind }) => {
  const store = openBehind();
  await store.inTransaction(({ tx }) => sql`select pg_sleep(${(1.5 * LIMIT_MS) / 1_000})`.execute(tx));
  await sql`select pg_sleep(${(1.5 * LIMIT_MS) / 1_000})`.execute(store.db);
});

test('a reader comes past many events that it does not ask for, page by page', async ({ store, pool }) => {
  const { position } = await store.append('account-far-1', [opened]);
  await pool.query(`select setval('${store.schema}.event_position', ${position + 500_000})`);
  const far = await store.append('account-far-2', [opened]);
  const upTo = await store.highWaterMark();
  const page = await store.readPage({ after: position, upTo, limit: 10 });
  expect(page.count).toBe(0);
  expect(page.position).toBeLessThan(far.position);
  const read = await collect(store.readAll({ after: position }));
  expect(read.map((event) => event.position)).toEqual([far.position]);
});
