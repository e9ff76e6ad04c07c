import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import type { NewEvent } from '@leftfold/core';
import { deposited, opened } from '@leftfold/testbed/bank';
import { putDatabaseAway } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { countQueries } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openStore, positionsOf, test as storeTest } from './store-test.ts';

let serial = 0;

function withAbort() {
  const ending = new AbortController();
  return { signal: ending.signal, abort: () => ending.abort() };
}

const test = storeTest.extend(
  'append',
  ({ store }) =>
    async (event: NewEvent = opened) =>
      (await store.append(`account-${(serial += 1)}`, [event])).position,
);

describe('subscribe', () => {
  test('any number of subscriptions and waits can share a signal without a warning', async ({ store }) => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on('warning', onWarning);
    const { signal, abort } = withAbort();
    const after = await store.highWaterMark();
    const seen = Array.from({ length: 20 }, () => collect(store.subscribe({ after, signal })));
    const waits = Array.from({ length: 20 }, () => store.waitForHighWaterMark({ after, signal }));
    const others = Array.from({ length: 20 }, () => collect(store.subscribe({ after }), 1));
    await nextTurn();
    await store.append(`account-${(serial += 1)}`, [opened]);
    await Promise.all([...waits, ...others]);
    abort();
    await Promise.all(seen);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('hands out what is there, then what comes, across pages', async ({ store, append }) => {
    const after = await store.highWaterMark();
    const events = Array.from({ length: 1_100 }, (_, index) => deposited(index));
    const { events: recorded } = await store.append('account-long', events);
    const expected = positionsOf(recorded);
    const seen: number[] = [];
    const following = (async () => {
      for await (const { position } of store.subscribe({ after })) {
        seen.push(position);
        if (seen.length === 1_103) break;
      }
    })();
    await until(() => seen.length === 1_100);
    for (let count = 0; count < 3; count += 1) expected.push(await append());
    await following;
    expect(seen).toEqual(expected);
  });

  test('resumes from its position with every event once, wherever its loop was left', async ({
    store,
    append,
  }) => {
    guarantee('readers-miss-nothing');
    const after = await store.highWaterMark();
    const written = [await append(), await append(), await append(), await append()];
    for (let left = 0; left < written.length; left += 1) {
      const subscription = store.subscribe({ after });
      const handled: number[] = [];
      await failureOf(
        (async () => {
          for await (const { position } of subscription) {
            if (handled.length === left)
              throw new Error('the consumer failed before it was done with this event');
            handled.push(position);
          }
        })(),
      );
      const rest = await collect(store.subscribe({ after: subscription.position }), written.length - left);
      expect([...handled, ...positionsOf(rest)]).toEqual(written);
    }
  });

  test('its position moves on past events that its filter keeps out', async ({ store, append }) => {
    const after = await store.highWaterMark();
    const stop = new AbortController();
    const subscription = store.subscribe({ after, filter: { category: 'nobody' }, signal: stop.signal });
    const following = collect(subscription);
    const last = await append();
    await until(() => subscription.position === last, { message: 'the position to follow the log' });
    stop.abort();
    expect(await following).toEqual([]);
  });

  test('ends without an error when its signal aborts, at any time', async ({ store, append }) => {
    const after = await store.highWaterMark();
    const waiting = new AbortController();
    const idle = collect(store.subscribe({ after, signal: waiting.signal }));
    waiting.abort();
    expect(await idle).toEqual([]);

    await append();
    await append();
    const reading = new AbortController();
    const seen: number[] = [];
    for await (const { position } of store.subscribe({ after, signal: reading.signal })) {
      seen.push(position);
      reading.abort();
    }
    expect(seen).toHaveLength(1);
    expect(await collect(store.subscribe({ after, signal: AbortSignal.abort() }))).toEqual([]);
  });

  test('sends no more queries when its loop is left', async ({ database, store }) => {
    await using alone = openStore(database.connectionString, { listen: false, maxConnections: 1 });
    const { position } = await store.append('account-left', [opened]);
    expect(await collect(alone.subscribe({ after: position - 1 }), 1)).toHaveLength(1);
    await alone.highWaterMark(); // behind whatever was on its way when the loop was left
    const asked = countQueries(alone);
    for (let count = 1; count <= 5; count += 1) await store.append('account-left', [deposited(count)]);
    await alone.highWaterMark();
    expect(asked()).toBe(1);
  });

  test('waits while its database is away', async ({ ownDatabase }) => {
    await using store = openStore(ownDatabase.connectionString);
    await store.append('account-1', [opened]);
    const subscription = store.subscribe();
    const events = collect(subscription, 2);
    await until(() => subscription.position === 1);
    const putBack = await putDatabaseAway(ownDatabase.connectionString);
    expect(await failureOf(store.highWaterMark())).toMatchObject({ code: 'LOGIN_REFUSED' });
    await setTimeout(300); // its first try is after a tenth of a second
    await putBack();
    await store.append('account-2', [opened]);
    expect(positionsOf(await events)).toEqual([1, 2]);
  });

  test('ends when the store is closed', async ({ database }) => {
    const closing = openStore(database.connectionString);
    const following = collect(closing.subscribe({ after: await closing.highWaterMark() }));
    await closing.close();
    expect(await following).toEqual([]);
    expect(await failureOf(collect(closing.subscribe()))).toMatchObject({ code: 'CLOSED' });
  });

  test('ends with an error before an unknown event, and its position does too', async ({
    database,
    store,
    append,
  }) => {
    const after = await store.highWaterMark();
    const known = await append();
    const unknown = await append(deposited(1));
    await using narrow = openStore(database.connectionString, { events: [] });
    const skipping = collect(narrow.subscribe({ after, unknownEvents: 'skip', signal: AbortSignal.abort() }));
    expect(await skipping).toEqual([]);
    const subscription = narrow.subscribe({ after });
    expect(await failureOf(collect(subscription))).toMatchObject({
      code: 'UNKNOWN_EVENT',
      type: 'account.opened',
      position: known,
    });
    expect(subscription.position).toBe(after);
    expect(unknown).toBeGreaterThan(known);
  });
});

test('subscriptions and waits beyond the limits are refused, and let in after others', {
  timeout: 60_000,
}, async ({ store }) => {
  guarantee('bounded-waits');
  const after = await store.highWaterMark();
  // A signal goes through all of its listeners for each that is added.
  const endings = Array.from({ length: 100 }, withAbort);
  const open = (_?: unknown, index = 0) =>
    store
      .subscribe({ after, signal: endings[index % 100]!.signal })
      [Symbol.asyncIterator]()
      .next();
  const subscriptions = Array.from({ length: 10_000 }, open);
  expect(await failureOf(open())).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('subscriptions of this process'),
  });
  const wait = (_?: unknown, index = 0) =>
    store.waitForHighWaterMark({ after, signal: endings[index % 100]!.signal });
  const waits = Array.from({ length: 10_000 }, wait);
  expect(await failureOf(wait())).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('waits for the high-water mark of this process'),
  });
  for (const { abort } of endings) abort();
  await Promise.all([...subscriptions, ...waits]);
  const next = store.subscribe({ after })[Symbol.asyncIterator]();
  const event = next.next();
  await store.append(`account-${(serial += 1)}`, [opened]);
  expect((await event).done).toBe(false);
  await next.return?.();
});
