import { IDLE_LIMIT_MS } from '@leftfold/postgres';
import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

const test = storeTest.extend('other', async ({ database }, { onCleanup }) => {
  const other = openStore(database.connectionString);
  onCleanup(() => other.close());
  return other;
});

const tagged = (...tags: readonly string[]) => ({ ...deposited(1), tags });

/** The locks of an append of an event with the tag that none may have come before. */
async function lockOn(store: PostgresEventStore, tag: string) {
  const queries = { tags: [tag] };
  const { condition, era } = await store.readForDecision(queries);
  const lock = await store.lockForAppend([{ streamId: `account-${tag}`, events: [tagged(tag)] }], {
    condition,
    era,
  });
  return {
    lock,
    read: () => lock.readForDecision(queries),
    append: async (tags: readonly string[] = [tag], streamId = `account-${tag}`) => {
      const read = await lock.readForDecision(queries);
      return lock.append(streamId, [tagged(...tags)], { condition: read.condition, era: read.era });
    },
  };
}

describe('the locks of an append', () => {
  test('keep events out that its condition asks for, and no others', async ({ store, other, database }) => {
    guarantee('locked-decisions');
    await other.append('account-before', [tagged('hot')]);
    const { lock, read } = await lockOn(store, 'hot');
    const { events, condition, era } = await read();
    expect(await collect(events)).toHaveLength(1);
    const waiting = other.append('account-waiting', [tagged('hot', 'more')]);
    await untilBlocked(database.connectionString);
    const disjoint = await other.append('account-disjoint', [tagged('cold')]);
    expect(disjoint.streamVersion).toBe(1);
    const { position } = await lock.append('account-locked', [tagged('hot')], { condition, era });
    expect((await waiting).position).toBeGreaterThan(position);
  });

  test('do not make a condition hold on what the log does not have', async ({ store }) => {
    guarantee('locked-decisions');
    const { lock } = await lockOn(store, 'lost');
    const { position: end } = await store.append('account-end', [tagged('other')]);
    const condition = { failIfMatch: { tags: ['lost'] }, after: end + 1_000 };
    expect(await failureOf(lock.append('account-lost', [tagged('lost')], { condition }))).toMatchObject({
      code: 'LOG_REWOUND',
    });
    expect(await collect(store.readStream('account-lost'))).toEqual([]);
  });

  test('are granted in the order of asking, and read what those before appended', async ({
    store,
    other,
    database,
  }) => {
    guarantee('locked-decisions');
    const first = await lockOn(store, 'turn');
    await first.read();
    const order: number[] = [];
    const next = async (asker: PostgresEventStore) => {
      const { read, append } = await lockOn(asker, 'turn');
      const { events } = await read();
      order.push((await collect(events)).length);
      await append();
    };
    const second = next(other);
    await untilBlocked(database.connectionString);
    const third = next(store);
    await untilBlocked(database.connectionString, { count: 2 });
    await first.append();
    await Promise.all([second, third]);
    expect(order).toEqual([1, 2]);
  });

  test('end when they are disposed of', async ({ store, other }) => {
    const { lock, read } = await lockOn(store, 'left');
    await read();
    await lock[Symbol.asyncDispose]();
    expect((await other.append('account-free', [tagged('left')])).streamVersion).toBe(1);
    expect(await collect(store.readStream('account-left'))).toEqual([]);
  });

  test('end with an append that is not valid', async ({ database, other }) => {
    await using single = openStore(database.connectionString, { maxConnections: 1 });
    const { lock } = await lockOn(single, 'invalid');
    expect(await failureOf(lock.append('', [tagged('invalid')]))).toMatchObject({ code: 'INVALID_NAME' });
    expect((await single.append('account-invalid', [tagged('invalid')])).streamVersion).toBe(1);
    expect((await other.append('account-invalid', [tagged('invalid')])).streamVersion).toBe(2);
  });

  test('take one connection', async ({ database }) => {
    await using single = openStore(database.connectionString, { maxConnections: 1 });
    const { append } = await lockOn(single, 'single');
    expect((await append()).streamVersion).toBe(1);
    expect((await single.append('account-after', [tagged('single')])).streamVersion).toBe(1);
  });

  test('end before the store has closed', async ({ database, store }) => {
    const closing = openStore(database.connectionString);
    const { lock } = await lockOn(closing, 'closing');
    const closed = closing.close();
    await lock.append('account-closing', [tagged('closing')]);
    await closed;
    expect(await collect(store.readStream('account-closing'))).toHaveLength(1);
  });
});

describe('an append under its locks', () => {
  test('with a tag that another transaction holds is made when that has ended', async ({
    store,
    other,
    database,
  }) => {
    await using transaction = await beginTransaction(database.connectionString);
    await other.append('account-open', [opened], {
      transaction: transaction.client,
      condition: { failIfMatch: { tags: ['busy'] } },
    });
    const { append } = await lockOn(store, 'both');
    const appending = append(['both', 'busy']);
    await untilBlocked(database.connectionString);
    await transaction.commit();
    expect((await appending).streamVersion).toBe(1);
  });

  test('to a stream that another writer appends to is made after it', async ({ store, other, database }) => {
    await using transaction = await beginTransaction(database.connectionString);
    await other.append('account-shared', [opened], { transaction: transaction.client });
    const { append } = await lockOn(store, 'stream');
    const appending = append(['stream'], 'account-shared');
    await untilBlocked(database.connectionString);
    await transaction.commit();
    expect((await appending).streamVersion).toBe(2);
  });

  test('is repeated by its command id, and refused for what came before the locks', async ({
    store,
    other,
  }) => {
    const append = { streamId: 'account-again', events: [tagged('again')] };
    await store.appendToStreams([append], { commandId: 'c' });
    const context = { condition: { failIfMatch: { tags: ['again'] } } };
    const repeated = await other.lockForAppend([append], { ...context, commandId: 'c' });
    expect(await repeated.appendToStreams([append], { ...context, commandId: 'c' })).toMatchObject({
      duplicate: true,
      streams: [{ streamVersion: 1 }],
    });
    await using lock = await other.lockForAppend([append], context);
    expect(await failureOf(lock.appendToStreams([append], context))).toMatchObject({
      code: 'APPEND_CONDITION_FAILED',
    });
    expect(await collect(store.readStream('account-again'))).toHaveLength(1);
  });

  test('runs the inline hook in its transaction; what that throws undoes it', async ({ database, store }) => {
    const failure = new Error('the hook refuses');
    await using hooked = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.deposited']),
        apply: async (_tx, [event]) => {
          if (event?.streamId === 'account-refused') throw failure;
        },
      },
    });
    expect((await (await lockOn(hooked, 'hooked')).append()).streamVersion).toBe(1);
    expect(await failureOf((await lockOn(hooked, 'refused')).append())).toBe(failure);
    expect(await collect(store.readStream('account-refused'))).toEqual([]);
  });

  test('ends what is read under them: it would see what may be undone', async ({ database, store }) => {
    const read: unknown[] = [];
    let readEvents: () => Promise<unknown> = async () => {};
    await using hooked = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.deposited']),
        apply: async () => {
          read.push(await readEvents().catch((error: unknown) => error));
        },
      },
    });
    const { lock } = await lockOn(hooked, 'unseen');
    readEvents = () => collect(lock.readStream('account-unseen'));
    await lock.append('account-unseen', [tagged('unseen')]);
    expect(read).toMatchObject([{ code: 'STORE_UNAVAILABLE' }]);
    expect(await collect(store.readStream('account-unseen'))).toHaveLength(1);
  });

  test('wakes the readers of other processes', async ({ store, other }) => {
    const { append } = await lockOn(store, 'awake');
    const after = await other.highWaterMark();
    const woken = other.waitForHighWaterMark({ after });
    const { position } = await append();
    expect(await woken).toBeGreaterThanOrEqual(position);
    expect(store.newestSeen).toBeGreaterThanOrEqual(position);
  });
});

test('a process that does nothing with its locks keeps others waiting for seconds, and appends nothing wrong', async ({
  store,
  other,
}) => {
  guarantee('locked-decisions');
  const { lock, read } = await lockOn(store, 'idle');
  const { condition, era } = await read();
  const began = performance.now();
  const { position } = await other.append('account-idle-other', [tagged('idle')]);
  expect(performance.now() - began).toBeLessThan(IDLE_LIMIT_MS + 15_000);
  // Its first statement may still get the connection that the server has just ended.
  await until(async () => (await store.highWaterMark().catch(() => 0)) >= position);
  const late = lock.append('account-idle', [tagged('idle')], { condition, era });
  expect(await failureOf(late)).toMatchObject({ code: 'APPEND_CONDITION_FAILED', position });
});
