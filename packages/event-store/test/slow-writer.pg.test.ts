import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { collect } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openStore, test as storeTest } from './store-test.ts';

const test = storeTest.extend('hold', ({ database, store }) => async (...streams: readonly string[]) => {
  const slow = await beginTransaction(database.connectionString);
  for (const streamId of streams) await store.append(streamId, [opened], { transaction: slow.client });
  return slow;
});

describe('a transaction that holds a stream for long', () => {
  test('keeps no append waiting that travels in one batch with one to its stream', async ({
    store,
    hold,
  }) => {
    const slow = await hold('account-held');
    const waiting = store.append('account-held', [deposited(1)]);
    const mates = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.append(`account-mate-${index}`, [opened, deposited(index)]),
      ),
    );
    expect(mates.map(({ streamVersion }) => streamVersion)).toEqual(mates.map(() => 2));
    await slow.commit();
    expect((await waiting).streamVersion).toBe(2);
  });

  test('keeps no append waiting that comes after those to several of its streams', async ({
    store,
    hold,
  }) => {
    const held = Array.from({ length: 4 }, (_, index) => `account-busy-${index}`);
    const slow = await hold(...held);
    const waiting = held.map((streamId) => store.append(streamId, [deposited(1)]));
    for (let count = 0; count < 5; count += 1) {
      expect(await store.append(`account-later-${count}`, [opened])).toMatchObject({ streamVersion: 1 });
    }
    await untilBlocked(store.pool);
    await slow.commit();
    expect((await Promise.all(waiting)).map(({ streamVersion }) => streamVersion)).toEqual([2, 2, 2, 2]);
  });

  test('does not change the order of the appends to its stream', async ({ store, hold }) => {
    const slow = await hold('account-order');
    const waiting = Array.from({ length: 5 }, (_, index) =>
      store.append('account-order', [deposited(index)]),
    );
    await store.append('account-beside', [opened]);
    await slow.commit();
    expect((await Promise.all(waiting)).map(({ streamVersion }) => streamVersion)).toEqual([2, 3, 4, 5, 6]);
    const recorded = await collect(store.readStream('account-order', { from: 2 }));
    expect(recorded.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4].map((cents) => ({ cents })));
  });

  test('that is rolled back lets the waiting appends be recorded once each', async ({
    store,
    versionsOf,
    hold,
  }) => {
    const slow = await hold('account-undone', 'account-undone-too');
    const waiting = [
      store.append('account-undone', [opened], { expectedVersion: 'no-stream' }),
      store.append('account-undone-too', [opened], { commandId: 'waited' }),
      store.append('account-undone-mate', [opened]),
    ];
    await waiting[2];
    await untilBlocked(store.pool);
    await slow.rollback();
    expect((await Promise.all(waiting)).map(({ streamVersion }) => streamVersion)).toEqual([1, 1, 1]);
    expect(await versionsOf('account-undone')).toEqual([1]);
    expect(await versionsOf('account-undone-too')).toEqual([1]);
  });

  test('is waited for by a store that is being closed', async ({ database, store, hold }) => {
    const closing = openStore(database.connectionString);
    const slow = await hold('account-closing');
    const waiting = closing.append('account-closing', [deposited(1)]);
    await untilBlocked(store.pool);
    const closed = closing.close();
    await slow.commit();
    expect((await waiting).streamVersion).toBe(2);
    await closed;
  });
});
