import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openStore, test } from './store-test.ts';

describe('an expectation', () => {
  test('of an old version conflicts, alone and in a batch, and changes nothing', async ({
    store,
    versionsOf,
  }) => {
    await store.append('account-stale', [opened, deposited(1)]);
    const conflict = {
      code: 'STREAM_VERSION_CONFLICT',
      streamId: 'account-stale',
      expectedVersion: 1,
      actual: 2,
      retryable: true,
    };
    expect(
      await failureOf(store.append('account-stale', [deposited(2)], { expectedVersion: 1 })),
    ).toMatchObject(conflict);
    const [refused, mate] = await Promise.allSettled([
      store.append('account-stale', [deposited(2)], { expectedVersion: 1 }),
      store.append('account-stale-mate', [opened]),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: conflict });
    expect(mate).toMatchObject({ status: 'fulfilled' });
    expect(await versionsOf('account-stale')).toEqual([1, 2]);
  });

  test.for([1, 2, 5])(
    'of a version past the end is refused, with %d events, and leaves no hole',
    async (amount, { store }) => {
      guarantee('versions-without-holes');
      const streamId = `account-past-${amount}`;
      const events = Array.from({ length: amount }, (_, index) => deposited(index));
      const conflict = { code: 'STREAM_VERSION_CONFLICT', expectedVersion: 7, actual: 0 };
      expect(await failureOf(store.append(streamId, events, { expectedVersion: 7 }))).toMatchObject(conflict);
      expect(await store.append(streamId, events, { expectedVersion: 0 })).toMatchObject({
        streamVersion: amount,
      });
    },
  );

  test('of an existing stream conflicts when there is none, or none committed yet', async ({
    database,
    store,
  }) => {
    const missing = { code: 'STREAM_VERSION_CONFLICT', expectedVersion: 'stream-exists', actual: 0 };
    expect(
      await failureOf(store.append('account-exists', [deposited(1)], { expectedVersion: 'stream-exists' })),
    ).toMatchObject(missing);
    const creator = await beginTransaction(database.connectionString);
    await store.append('account-exists', [opened], { transaction: creator.client });
    expect(
      await failureOf(store.append('account-exists', [deposited(1)], { expectedVersion: 'stream-exists' })),
    ).toMatchObject(missing);
    await creator.commit();
    const found = await store.append('account-exists', [deposited(1)], { expectedVersion: 'stream-exists' });
    expect(found.streamVersion).toBe(2);
  });

  test('of an existing stream never conflicts with concurrent appends to it', async ({ database, store }) => {
    guarantee('blind-appends-never-conflict');
    await store.append('account-crowd', [opened]);
    const other = await beginTransaction(database.connectionString);
    await store.append('account-crowd', [deposited(1)], { transaction: other.client });
    const waiting = store.append('account-crowd', [deposited(2)], { expectedVersion: 'stream-exists' });
    await untilBlocked(store.pool);
    await other.commit();
    expect((await waiting).streamVersion).toBe(3);
  });

  test('of a version conflicts when a concurrent append takes that version first', async ({
    database,
    store,
    versionsOf,
  }) => {
    guarantee('expected-version');
    await store.append('account-taken', [opened]);
    const winner = await beginTransaction(database.connectionString);
    await store.append('account-taken', [deposited(1)], { transaction: winner.client, expectedVersion: 1 });
    const loser = failureOf(store.append('account-taken', [deposited(2)], { expectedVersion: 1 }));
    await untilBlocked(store.pool);
    await winner.commit();
    expect(await loser).toMatchObject({ code: 'STREAM_VERSION_CONFLICT', expectedVersion: 1, actual: 2 });
    expect(await versionsOf('account-taken')).toEqual([1, 2]);
  });

  test('holds when the append it waited for is rolled back', async ({ database, store }) => {
    const undone = await beginTransaction(database.connectionString);
    await store.append('account-freed', [opened], { transaction: undone.client });
    const waiting = store.append('account-freed', [opened], { expectedVersion: 'no-stream' });
    await untilBlocked(store.pool);
    await undone.rollback();
    expect(await waiting).toMatchObject({ streamVersion: 1, duplicate: false });
  });

  test('that fails for one of several streams fails all, and names that stream', async ({
    store,
    versionsOf,
  }) => {
    guarantee('atomic-appends');
    await store.append('account-many-1', [opened]);
    const failure = await failureOf(
      store.appendToStreams([
        { streamId: 'account-many-0', events: [opened] },
        { streamId: 'account-many-1', events: [deposited(1)], expectedVersion: 1 },
        { streamId: 'account-many-2', events: [], expectedVersion: 'stream-exists' },
      ]),
    );
    expect(failure).toMatchObject({ code: 'STREAM_VERSION_CONFLICT', streamId: 'account-many-2', actual: 0 });
    expect(await versionsOf('account-many-0')).toEqual([]);
    expect(await versionsOf('account-many-1')).toEqual([1]);
  });

  test('two appends to several streams in opposite orders do not deadlock', async ({
    database,
    store,
    versionsOf,
  }) => {
    guarantee('no-deadlocks');
    await using other = openStore(database.connectionString);
    const names = ['account-cross-a', 'account-cross-b', 'account-cross-c'];
    for (let round = 1; round <= 20; round += 1) {
      const appends = names.map((streamId) => ({ streamId, events: [deposited(round)] }));
      await Promise.all([store.appendToStreams(appends), other.appendToStreams(appends.toReversed())]);
    }
    for (const name of names) expect(await versionsOf(name)).toHaveLength(40);
  });

  test('several streams are written in one order, so the second append waits first', async ({
    database,
    store,
  }) => {
    guarantee('no-deadlocks');
    await using gate = await beginTransaction(database.connectionString);
    await gate.client.query('select pg_advisory_xact_lock(7301)');
    await using first = await beginTransaction(database.connectionString);
    await using second = await beginTransaction(database.connectionString);
    // The first one stops when it has written one row, and is about to write the next.
    await store.pool.query(`
      create function pause_at_second_row() returns trigger language plpgsql as $$
      begin
        if current_setting('test.rows', true) = 'one' then
          perform pg_advisory_xact_lock_shared(7301);
        end if;
        perform set_config('test.rows', 'one', true);
        return new;
      end
      $$;
      create trigger pause_at_second_row before insert on leftfold.events for each row
        when (pg_backend_pid() = ${first.pid}) execute function pause_at_second_row()`);
    const appends = ['account-order-a', 'account-order-z'].map((streamId) => ({
      streamId,
      events: [opened],
    }));
    const one = store.appendToStreams(appends.toReversed(), { transaction: first.client });
    await untilBlocked(store.pool);
    const two = Promise.allSettled([store.appendToStreams(appends, { transaction: second.client })]);
    await untilBlocked(store.pool, { count: 2 });
    await gate.commit();
    expect((await one).streams.map(({ streamVersion }) => streamVersion)).toEqual([1, 1]);
    await first.commit();
    expect(await two).toMatchObject([
      { status: 'fulfilled', value: { streams: [{ streamVersion: 2 }, { streamVersion: 2 }] } },
    ]);
    await second.commit();
    await store.pool.query('drop trigger pause_at_second_row on leftfold.events');
  });

  test('of the database fails that append alone; the rest of its batch is recorded', async ({
    store,
    versionsOf,
  }) => {
    await store.pool.query(`
      create function poison() returns trigger language plpgsql as $$
      begin
        raise exception 'not this one' using errcode = 'XX999';
      end
      $$;
      create trigger poison before insert on leftfold.events for each row
        when (new.stream_id = 'account-poison') execute function poison()`);
    const outcomes = await Promise.allSettled(
      ['account-well-1', 'account-poison', 'account-well-2', 'account-well-3'].map((streamId) =>
        store.append(streamId, [opened, deposited(1)]),
      ),
    );
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { streamVersion: 2 } },
      { status: 'rejected', reason: { code: 'XX999', message: 'not this one' } },
      { status: 'fulfilled', value: { streamVersion: 2 } },
      { status: 'fulfilled', value: { streamVersion: 2 } },
    ]);
    await store.pool.query('drop trigger poison on leftfold.events');
    expect(await versionsOf('account-well-3')).toEqual([1, 2]);
  });
});
