import { deposited, opened } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect, type MockInstance, vi } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { migratedLog, openStore } from './store-test.ts';

const rewound = { code: 'LOG_REWOUND', retryable: false };

/** Tests on a store that knows five events, of which the log has lost the last two. */
const test = databaseTest(migratedLog).extend(
  'lose',
  ({ ownDatabase }) =>
    async (store: PostgresEventStore) => {
      await store.append('account-1', [opened, deposited(1), deposited(2)]);
      const backup = await backUpDatabase(ownDatabase.connectionString);
      await store.append('account-1', [deposited(3), deposited(4)], { expectedVersion: 3 });
      return async () => backup.restore();
    },
);

let warn: MockInstance<typeof process.emitWarning>;

test.beforeEach(({ onTestFinished }) => {
  warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
});

describe('after the log went back', () => {
  test('an append that expects a version read before is refused', async ({ ownDatabase, lose }) => {
    guarantee('log-went-back');
    await using store = openStore(ownDatabase.connectionString);
    const restore = await lose(store);
    await restore();
    // Another process brings the stream to the version that this one expects.
    await using other = openStore(ownDatabase.connectionString);
    await other.append('account-1', [deposited(7), deposited(8)]);
    const failure = await failureOf(store.append('account-1', [deposited(5)], { expectedVersion: 5 }));
    expect(failure).toMatchObject({ ...rewound, lostFrom: 4, lostTo: 5 });
    expect(await collect(store.readStream('account-1'))).toHaveLength(5);
    expect(store.era).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    await store.append('account-1', [deposited(6)], { expectedVersion: 5 });
  });

  test('an append that rests on nothing is made', async ({ ownDatabase, lose }) => {
    await using store = openStore(ownDatabase.connectionString);
    const restore = await lose(store);
    await restore();
    expect(await store.append('account-1', [deposited(5)])).toMatchObject({ streamVersion: 4 });
  });

  test('the high-water mark goes back as well', async ({ ownDatabase, lose }) => {
    await using store = openStore(ownDatabase.connectionString);
    const restore = await lose(store);
    expect(await store.highWaterMark()).toBe(5);
    await restore();
    expect(await store.highWaterMark()).toBe(3);
  });

  test('a subscription that has read lost events ends with the error', async ({ ownDatabase, lose }) => {
    guarantee('log-went-back');
    await using store = openStore(ownDatabase.connectionString);
    const restore = await lose(store);
    const events = store.subscribe()[Symbol.asyncIterator]();
    for (let seen = 0; seen < 5; seen += 1) await events.next();
    const next = failureOf(events.next());
    await restore();
    await using other = openStore(ownDatabase.connectionString);
    await other.append('account-2', [opened, deposited(1), deposited(2)]);
    expect(await next).toMatchObject({ ...rewound, lostTo: 5 });
    expect(await collect(store.readAll())).toHaveLength(6);
  });

  test('a position beyond the end is refused and not waited for', async ({ ownDatabase, lose }) => {
    guarantee('log-went-back');
    await using store = openStore(ownDatabase.connectionString);
    const restore = await lose(store);
    await restore();
    await using other = openStore(ownDatabase.connectionString);
    const beyond = { ...rewound, lostFrom: 5, end: 3 };
    expect(await failureOf(collect(other.subscribe({ after: 5 }), 1))).toMatchObject(beyond);
    expect(await failureOf(collect(other.readAll({ after: 5 })))).toMatchObject(beyond);
    expect(await failureOf(other.waitForHighWaterMark({ after: 5 }))).toMatchObject(beyond);
  });
});

test('a log that was marked as restored and lost nothing raises no error', async ({ ownDatabase, lose }) => {
  await using store = openStore(ownDatabase.connectionString);
  await lose(store);
  await using other = openStore(ownDatabase.connectionString);
  await other.markRestored();
  await store.append('account-1', [deposited(5)], { expectedVersion: 5 });
  await store.highWaterMark();
  expect(store.era).toBe(0);
  expect(warn).not.toHaveBeenCalled();
});

describe('an event that another process appended, and the log lost,', () => {
  const readBy = {
    'a read of its stream': async (store: PostgresEventStore) => {
      await collect(store.readStream('account-1'));
    },
    'the locks of an append': async (store: PostgresEventStore) => {
      await using lock = await store.lockForAppend([{ streamId: 'account-1', events: [deposited(1)] }]);
      await collect(lock.readStream('account-1'));
    },
    'a snapshot': async (store: PostgresEventStore) => {
      const snapshot = await store.loadSnapshot('account-1', 'sum');
      expect(snapshot?.tail?.last.streamVersion).toBe(4);
    },
  };

  test.for(Object.entries(readBy))(
    'is missed by a store that knows it from %s',
    async ([, read], { ownDatabase }) => {
      guarantee('log-went-back');
      await using writer = openStore(ownDatabase.connectionString);
      await writer.append('account-1', [opened, deposited(1), deposited(2)]);
      await using store = openStore(ownDatabase.connectionString);
      await store.saveSnapshot('account-1', 'sum', { streamVersion: 3, position: 3, state: 3 });
      await store.highWaterMark();
      const backup = await backUpDatabase(ownDatabase.connectionString);
      await writer.append('account-1', [deposited(3)]);
      await read(store);
      const { era } = store;
      await backup.restore();
      await using other = openStore(ownDatabase.connectionString);
      await other.append('account-1', [deposited(7)]);
      const failure = await failureOf(store.append('account-1', [deposited(5)], { expectedVersion: 4, era }));
      expect(failure).toMatchObject({ ...rewound, lostFrom: 4, lostTo: 4 });
    },
  );
});

test('an append of an era is refused although the log has come to its position again', async ({
  ownDatabase,
  lose,
}) => {
  guarantee('log-went-back');
  await using store = openStore(ownDatabase.connectionString);
  const restore = await lose(store);
  const { era } = store;
  await restore();
  await using other = openStore(ownDatabase.connectionString);
  await other.append('account-1', [deposited(7), deposited(8), deposited(9)]);
  const condition = { failIfMatch: { tags: ['course:1'] }, after: 6 };
  const appends = [{ streamId: 'account-2', events: [opened] }];
  expect(await failureOf(store.appendToStreams(appends, { condition, era }))).toMatchObject(rewound);
  expect(await collect(store.readStream('account-2'))).toEqual([]);
});

test('an append under its locks is refused although the log has come to its position again', async ({
  ownDatabase,
  lose,
}) => {
  guarantee('log-went-back');
  await using store = openStore(ownDatabase.connectionString);
  const restore = await lose(store);
  const { era } = store;
  await restore();
  await using other = openStore(ownDatabase.connectionString);
  await other.append('account-1', [deposited(7), deposited(8), deposited(9)]);
  const condition = { failIfMatch: { tags: ['course:1'] }, after: 6 };
  const appends = [{ streamId: 'account-2', events: [opened] }];
  await using lock = await store.lockForAppend(appends, { condition, era });
  expect(await failureOf(lock.appendToStreams(appends, { condition, era }))).toMatchObject(rewound);
  expect(await collect(store.readStream('account-2'))).toEqual([]);
});
