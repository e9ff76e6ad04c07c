import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction, disposeAfter } from '@leftfold/testbed/database';
import { killBackends, startDyingServer, TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openStore, test as storeTest } from './store-test.ts';

const test = storeTest
  .extend('proxy', { scope: 'file' }, async ({ database }, fixture) =>
    disposeAfter(fixture, await TcpProxy.start(database.connectionString)),
  )
  // A store whose statements have their text in each message, for the proxy to know them by.
  .extend(
    'openBehindProxy',
    ({ proxy }) =>
      () =>
        openStore(proxy.connectionString, { listen: false, preparedStatements: false }),
  );

describe('an append whose connection is lost', () => {
  test('before its commit, by a killed backend, is made again and recorded once', async ({
    database,
    store,
    versionsOf,
  }) => {
    guarantee('lost-answers');
    await using other = openStore(database.connectionString);
    const blocker = await beginTransaction(database.connectionString);
    await store.append('account-killed', [opened], { transaction: blocker.client });
    const waiting = other.append('account-killed', [deposited(1)]);
    await untilBlocked(store.pool);
    expect(await killBackends(store.pool, `wait_event_type = 'Lock'`)).toBe(1);
    await untilBlocked(store.pool);
    await blocker.commit();
    expect(await waiting).toMatchObject({ streamVersion: 2, duplicate: false });
    expect(await versionsOf('account-killed')).toEqual([1, 2]);
  });

  test.for([
    ['one event', '_append_one', [opened]],
    ['several events', '_append_batch', [opened, deposited(1)]],
  ] as const)(
    'after its commit, before the answer, is recorded once: %s',
    async ([what, statement, events], { store, proxy, openBehindProxy }) => {
      guarantee('lost-answers');
      await using far = openBehindProxy();
      await far.highWaterMark();
      const streamId = `account-unanswered-${statement}`;
      const lost = proxy.loseAnswerTo(statement);
      const appended = await far.append(streamId, events, { expectedVersion: 'no-stream' });
      await lost;
      expect(appended.streamVersion, what).toBe(events.length);
      const recorded = await collect(store.readStream(streamId));
      expect(recorded).toEqual(appended.events);
    },
  );

  test('after its commit, before the answer, is recorded once even if blind', async ({
    store,
    proxy,
    openBehindProxy,
  }) => {
    await using far = openBehindProxy();
    for (const [statement, events] of [
      ['_append_one', [deposited(1)]],
      ['_append_batch', [deposited(1), deposited(2)]],
    ] as const) {
      const streamId = `account-blind-${statement}`;
      await store.append(streamId, [opened]);
      const lost = proxy.loseAnswerTo(statement);
      const appended = await far.append(streamId, events);
      await lost;
      expect(await collect(store.readStream(streamId, { from: 2 }))).toEqual(appended.events);
    }
  });

  test('does not affect the other appends of its batch', async ({
    store,
    versionsOf,
    proxy,
    openBehindProxy,
  }) => {
    await using far = openBehindProxy();
    await store.append('account-there', [opened]);
    const lost = proxy.loseAnswerTo('_append_batch');
    const outcomes = await Promise.allSettled([
      far.append('account-mate-1', [opened]),
      far.append('account-there', [opened], { expectedVersion: 'no-stream' }),
      far.append('account-mate-2', [opened, deposited(1)], { commandId: 'mate' }),
    ]);
    await lost;
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { streamVersion: 1 } },
      { status: 'rejected', reason: { code: 'STREAM_VERSION_CONFLICT', actual: 1 } },
      { status: 'fulfilled', value: { streamVersion: 2 } },
    ]);
    for (const [streamId, versions] of [
      ['account-mate-1', [1]],
      ['account-there', [1]],
      ['account-mate-2', [1, 2]],
    ] as const) {
      expect(await versionsOf(streamId)).toEqual(versions);
    }
  });

  test('with an inline hook, after its commit, is recorded and hooked once', async ({
    store,
    versionsOf,
    proxy,
  }) => {
    await store.pool.query('create table counted (position bigint)');
    await using far = openStore(proxy.connectionString, {
      listen: false,
      preparedStatements: false,
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (transaction, events) => {
          await transaction
            .withTables<{ counted: { position: number } }>()
            .insertInto('counted')
            .values({ position: events[0]!.position })
            .execute();
        },
      },
    });
    await far.highWaterMark();
    const lost = proxy.loseAnswerTo('commit');
    const { position } = await far.append('account-hooked', [opened]);
    await lost;
    const { rows } = await store.pool.query<{ position: string }>('select position from counted');
    expect(rows.map((row) => Number(row.position))).toEqual([position]);
    expect(await versionsOf('account-hooked')).toEqual([1]);
  });

  test('while its hook is at work fails as the hook does, and is not recorded', async ({
    database,
    store,
    versionsOf,
  }) => {
    await using hooked = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (transaction) => {
          await killBackends(store.pool, `state = 'idle in transaction'`);
          await transaction.withTables<{ counted: { position: number } }>().selectFrom('counted').execute();
        },
      },
    });
    expect(await failureOf(hooked.append('account-cut', [opened]))).toBeInstanceOf(Error);
    expect(await versionsOf('account-cut')).toEqual([]);
  });

  test('for good is an error that says so, and that the same call may succeed later', async ({
    database,
    versionsOf,
  }) => {
    const gone = await TcpProxy.start(database.connectionString);
    await using far = openStore(gone.connectionString, { listen: false });
    await far.append('account-gone', [opened]);
    await gone[Symbol.asyncDispose]();
    const failure = await failureOf(far.append('account-gone', [deposited(1)]));
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await versionsOf('account-gone')).toEqual([1]);
  });

  test('while it is being opened fails the call, and does not end the process', async () => {
    await using server = await startDyingServer();
    await using far = openStore(server.connectionString, { listen: false });
    const inTransaction = far.db
      .transaction()
      .execute((transaction) => far.append('account-dying', [opened], { transaction }));
    expect(await failureOf(inTransaction)).toBeInstanceOf(Error);
    expect(await failureOf(far.migrate())).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await failureOf(far.append('account-dying', [opened]))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(server.accepted()).toBeGreaterThan(2);
  });
});
