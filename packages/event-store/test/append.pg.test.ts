import { deposited, opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openStore, test } from './store-test.ts';

describe('append', () => {
  test('of two creates of one stream that race, exactly one wins, 50 of 50 times', async ({
    database,
    store,
  }) => {
    guarantee('create-once');
    // Two stores: two processes as far as Postgres can tell. One store would never race with itself.
    await using other = openStore(database.connectionString);
    for (let round = 0; round < 50; round += 1) {
      const streamId = `account-create-${round}`;
      const outcomes = await Promise.allSettled(
        [store, other].map((writer) => writer.append(streamId, [opened], { expectedVersion: 'no-stream' })),
      );
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const lost = outcomes.find((outcome) => outcome.status === 'rejected');
      expect(lost?.reason).toMatchObject({
        code: 'STREAM_VERSION_CONFLICT',
        expectedVersion: 'no-stream',
        actual: 1,
      });
    }
  });

  test('beyond the limit of waiting appends fails at once; all others are recorded', async ({
    database,
    store,
  }) => {
    guarantee('bounded-append-queue');
    await using crowded = openStore(database.connectionString);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50_100 }, (_, index) =>
        crowded.append(`account-crowd-${index % 40_000}`, [opened]),
      ),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(100);
    expect(refused[0]?.reason).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    const { rows } = await store.pool.query<{ made: number }>(
      `select count(*)::integer as made from leftfold.events where stream_id like 'account-crowd-%'`,
    );
    expect(rows).toEqual([{ made: 50_000 }]);
    expect(await crowded.append('account-crowd-later', [opened])).toMatchObject({ streamVersion: 1 });
  });

  test('the writer that waited for a create to commit is told of the conflict', async ({
    database,
    store,
  }) => {
    guarantee('create-once');
    const second = await store.db.transaction().execute(async (transaction) => {
      await store.append('account-held', [opened], { expectedVersion: 'no-stream', transaction });
      const waiting = store.append('account-held', [opened], { expectedVersion: 'no-stream' });
      waiting.catch(() => {});
      await untilBlocked(database.connectionString);
      return { waiting };
    });
    await expect(second.waiting).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      actual: 1,
      retryable: true,
    });
  });

  test('a blind append that waited for another one follows it in the stream', async ({ database, store }) => {
    guarantee('blind-appends-never-conflict');
    const both = await store.db.transaction().execute(async (transaction) => {
      await store.append('account-blind', [opened], { transaction });
      const alone = store.append('account-blind', [deposited(1)]);
      const inside = store.db
        .transaction()
        .execute((second) => store.append('account-blind', [deposited(2)], { transaction: second }));
      await untilBlocked(database.connectionString, { count: 2 });
      return { alone, inside };
    });
    const versions = (await Promise.all([both.alone, both.inside])).map(({ streamVersion }) => streamVersion);
    expect(versions.toSorted((a, b) => a - b)).toEqual([2, 3]);
  });

  test('50 blind appends of two stores to one stream become versions 1 to 50', async ({
    database,
    store,
  }) => {
    guarantee('blind-appends-never-conflict');
    await using other = openStore(database.connectionString);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? store : other).append('account-storm', [deposited(index)]),
      ),
    );
    expect(results.map(({ streamVersion }) => streamVersion).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  test('one conflict in a batch fails that one alone', async ({ store }) => {
    guarantee('isolated-failures');
    await store.append('account-busy', [opened]);
    const results = await Promise.allSettled([
      store.append('account-left', [opened]),
      store.append('account-busy', [opened], { expectedVersion: 'no-stream' }),
      store.append('account-right', [opened, deposited(5)]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const right = results[2];
    expect(
      right?.status === 'fulfilled' && right.value.events.map(({ streamVersion }) => streamVersion),
    ).toEqual([1, 2]);
  });

  test('an append made again with the same event ids answers as the first time', async ({ store }) => {
    guarantee('idempotent-appends');
    const events = [
      { ...opened, id: 'same-1' },
      { ...deposited(5), id: 'same-2' },
    ];
    const first = await store.append('account-same', events, { expectedVersion: 'no-stream' });
    const second = await store.append('account-same', events, { expectedVersion: 'no-stream' });
    expect(second).toMatchObject({ streamVersion: 2, position: first.position, duplicate: true });
    expect(second.events).toEqual(first.events);
  });

  test('a known event id on another event is refused', async ({ store }) => {
    guarantee('unique-event-ids');
    await store.append('account-id', [{ ...opened, id: 'taken' }]);
    const reused = store.append('account-id', [{ ...deposited(1), id: 'taken' }]);
    await expect(reused).rejects.toMatchObject({ code: 'EVENT_ID_REUSED', eventId: 'taken' });
  });

  test('many events to several streams are appended together, or not at all', async ({ store }) => {
    guarantee('atomic-appends');
    const all = await store.appendToStreams([
      { streamId: 'account-a', events: [opened, deposited(1)], expectedVersion: 'no-stream' },
      { streamId: 'account-b', events: [opened], expectedVersion: 'no-stream' },
    ]);
    expect(all.streams.map(({ streamVersion }) => streamVersion)).toEqual([2, 1]);
    const refused = store.appendToStreams([
      { streamId: 'account-a', events: [deposited(1)], expectedVersion: 2 },
      { streamId: 'account-b', events: [deposited(1)], expectedVersion: 7 },
    ]);
    await expect(refused).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      streamId: 'account-b',
      actual: 1,
    });
    expect(await collect(store.readStream('account-a'))).toHaveLength(2);
  });

  test('of two appends that check each other’s streams, one conflicts', async ({ database, store }) => {
    guarantee('no-write-skew');
    await store.append('account-x', [opened]);
    await store.append('account-y', [opened]);
    // Write skew: each checks the stream that the other one writes. Only one may commit.
    const outcome = await store.db.transaction().execute(async (transaction) => {
      await store.appendToStreams(
        [
          { streamId: 'account-x', events: [], expectedVersion: 1 },
          { streamId: 'account-y', events: [deposited(1)], expectedVersion: 1 },
        ],
        { transaction },
      );
      const other = store.appendToStreams([
        { streamId: 'account-x', events: [deposited(1)], expectedVersion: 1 },
        { streamId: 'account-y', events: [], expectedVersion: 1 },
      ]);
      other.catch(() => {});
      await untilBlocked(database.connectionString);
      return { other };
    });
    await expect(outcome.other).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
      streamId: 'account-y',
      actual: 2,
    });
  });
  test.for([
    ['_append_one', [opened]],
    ['_append_batch', [opened, deposited(1)]],
  ] as const)(
    'in %s is made again after an internal error of the server',
    async ([name, events], { ownDatabase }) => {
      // Postgres reports one when a migration replaces a function that a running append is about to call.
      await using store = openStore(ownDatabase.connectionString);
      await store.migrate();
      await store.pool.query(`
      create sequence calls;
      create function fail_once() returns trigger language plpgsql as $$
      begin
        if nextval('public.calls') = 1 then raise exception 'cache lookup failed' using errcode = 'XX000'; end if;
        return null;
      end $$;
      create trigger fail_once before insert on leftfold.events for each statement execute function fail_once()`);
      expect(await store.append(`account-${name}`, events)).toMatchObject({ streamVersion: events.length });
      expect(await collect(store.readAll())).toHaveLength(events.length);
    },
  );
});
