import { readFile } from 'node:fs/promises';
import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { InlineHook } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

type Apply = InlineHook['apply'];

const keep =
  (owner: string, position?: number): Apply =>
  async (transaction, events) => {
    await sql`insert into events values (${owner}, ${position ?? events[0]!.position})`.execute(transaction);
  };

const test = storeTest
  .extend(
    'withHook',
    ({ database }) =>
      (apply: Apply, eventTypes = ['account.opened']) =>
        openStore(database.connectionString, { inline: { eventTypes: new Set(eventTypes), apply } }),
  )
  .extend('owners', ({ pool }) => async () => {
    const { rows } = await pool.query<{ owner: string }>('select owner from events order by 1');
    return rows.map(({ owner }) => owner);
  });

describe('an inline hook', () => {
  test.beforeAll(async ({ pool }) => {
    // A read model whose constraint is named as one of the log's own.
    await pool.query(`
      create table events (
        owner text constraint events_stream_version_key unique,
        position bigint constraint events_event_id_key unique deferrable initially deferred
      )`);
  });

  test('gets the recorded events, and commits together with them', async ({ withHook, owners }) => {
    const given: unknown[] = [];
    await using store = withHook(async (transaction, events) => {
      given.push(...events);
      await keep('together')(transaction, events);
    });
    const { events } = await store.append('account-hook', [opened, deposited(1)], { commandId: 'hook' });
    expect(given).toEqual(events);
    expect(await collect(store.readStream('account-hook'))).toEqual(events);
    expect(await owners()).toContain('together');
  });

  test('gets payloads and metadata as they are read from the log', async ({ database, withHook }) => {
    const given: string[] = [];
    await using store = withHook(async (_, [event]) => {
      given.push(JSON.stringify([event?.data, event?.metadata]));
    });
    const metadata = { zeta: 1, actor: 'Ada', none: undefined, deep: { dd: 1, c: 2 } };
    await store.append('account-stored', [{ ...opened, metadata }]);
    await using caller = await beginTransaction(database.connectionString);
    await store.append('account-stored-too', [{ ...opened, metadata }], { transaction: caller.client });
    await caller.commit();
    const [read] = await collect(store.readStream('account-stored'));
    expect(given).toEqual(Array.from({ length: 2 }, () => JSON.stringify([read?.data, read?.metadata])));
    expect(given[0]).toContain('{"deep":{"c":2,"dd":1},"zeta":1,"actor":"Ada"}');
  });

  test('runs when the condition of its append holds, and not when it fails', async ({ withHook }) => {
    const given: number[] = [];
    await using store = withHook(async (_, events) => {
      given.push(...events.map(({ position }) => position));
    });
    const events = [{ ...opened, tags: ['hook:1'] }];
    const condition = { failIfMatch: { tags: ['hook:1'] as const } };
    const { position } = await store.append('account-condition', events, { condition });
    const again = store.append('account-condition', events, { condition });
    expect(await failureOf(again)).toMatchObject({ code: 'APPEND_CONDITION_FAILED', position });
    expect(given).toEqual([position]);
  });

  test('does not run for other event types, nor for a repeated append', async ({ withHook }) => {
    let runs = 0;
    await using store = withHook(async () => {
      runs += 1;
    });
    await store.append('account-other', [deposited(1)]);
    expect(runs).toBe(0);
    await store.append('account-repeated', [opened], { commandId: 'repeated' });
    await store.append('account-repeated', [opened], { commandId: 'repeated' });
    expect(runs).toBe(1);
  });

  test('that violates a constraint of its own fails with that error, not a conflict', async ({
    withHook,
  }) => {
    guarantee('inline-errors');
    await using store = withHook(keep('unique', -1));
    await store.append('account-unique-1', [opened]);
    await using again = withHook(keep('unique', -2));
    const failure = await failureOf(
      again.append('account-unique-2', [opened], { expectedVersion: 'no-stream' }),
    );
    expect(failure).toMatchObject({
      code: '23505',
      constraint: 'events_stream_version_key',
      schema: 'public',
    });
    expect(await collect(again.readStream('account-unique-2'))).toEqual([]);
  });

  test('whose constraint is violated at commit rolls the append back', async ({ withHook }) => {
    await using store = withHook(keep('deferred-1', -3));
    await store.append('account-deferred-1', [opened]);
    await using again = withHook(keep('deferred-2', -3));
    const failure = await failureOf(again.append('account-deferred-2', [opened]));
    expect(failure).toMatchObject({ code: '23505', constraint: 'events_event_id_key', schema: 'public' });
    expect(await collect(again.readStream('account-deferred-2'))).toEqual([]);
  });

  test('that throws rolls back its append alone, and the error reaches the caller', async ({
    withHook,
    owners,
  }) => {
    const wrong = new RangeError('the model has no room');
    let failing = true;
    await using store = withHook(async (transaction, events) => {
      await keep(`thrown-${events[0]!.streamId}`)(transaction, events);
      if (failing && events[0]!.streamId === 'account-thrown') throw wrong;
    });
    const [failure, other] = await Promise.all([
      failureOf(store.append('account-thrown', [opened])),
      store.append('account-beside', [opened]),
    ]);
    expect(failure).toBe(wrong);
    expect(other.streamVersion).toBe(1);
    expect(await owners()).not.toContain('thrown-account-thrown');
    failing = false;
    expect(await store.append('account-thrown', [opened], { expectedVersion: 'no-stream' })).toMatchObject({
      streamVersion: 1,
    });
  });

  test('that fails outside of the database is not tried again, and fails its append as it is', async ({
    withHook,
  }) => {
    guarantee('inline-errors');
    const errors = [
      new Error('no room'),
      await failureOf(readFile('/nowhere/rates.json')),
      Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' }),
      Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }),
    ];
    for (const error of errors) {
      let runs = 0;
      await using store = withHook(async () => {
        runs += 1;
        throw error;
      });
      expect(await failureOf(store.append('account-outside', [opened]))).toBe(error);
      expect(runs).toBe(1);
      expect(await collect(store.readStream('account-outside'))).toEqual([]);
    }
  });

  test('runs for the final place of an append that lost a race for its stream', async ({
    database,
    withHook,
  }) => {
    const seen: number[] = [];
    await using store = withHook(async (transaction, events) => {
      seen.push(events[0]!.streamVersion);
      await keep('raced')(transaction, events);
    });
    await using other = openStore(database.connectionString);
    const winner = await beginTransaction(database.connectionString);
    await other.append('account-raced', [deposited(1)], { transaction: winner.client });
    const racing = store.append('account-raced', [opened]);
    await untilBlocked(other.pool);
    await winner.commit();
    expect((await racing).streamVersion).toBe(2);
    expect(seen).toEqual([2]);
  });

  test('that catches a database error loses its append with that error', async ({ withHook }) => {
    guarantee('commit-is-checked');
    await using store = withHook(async (transaction, events) => {
      await keep('swallowed', -4)(transaction, events).catch(() => {});
      await keep('swallowed', -5)(transaction, events).catch(() => {});
    });
    await using first = withHook(keep('swallowed', -4));
    await first.append('account-swallowed-1', [opened]);
    for (const streamId of ['account-swallowed-2', 'account-swallowed-3']) {
      const failure = await failureOf(store.append(streamId, [opened]));
      expect(failure).toMatchObject({ code: '23505', constraint: 'events_stream_version_key' });
      expect(await collect(store.readStream(streamId))).toEqual([]);
    }
    // The connection is as good as new.
    expect(await store.append('account-swallowed-4', [deposited(1)])).toMatchObject({ streamVersion: 1 });
  });

  test('that catches an error inside a savepoint keeps its append', async ({ withHook, owners }) => {
    await using store = withHook(async (transaction, events) => {
      await sql`savepoint attempt`.execute(transaction);
      await sql`select 1 / 0`.execute(transaction).catch(() => {});
      await sql`rollback to savepoint attempt`.execute(transaction);
      await keep('saved')(transaction, events);
    });
    expect(await store.append('account-saved', [opened])).toMatchObject({ streamVersion: 1 });
    expect(await owners()).toContain('saved');
  });

  test("that catches an error in the caller's transaction fails the append", async ({
    database,
    withHook,
  }) => {
    guarantee('commit-is-checked');
    await using store = withHook((transaction) =>
      sql`select 1 / 0`.execute(transaction).then(
        () => {},
        () => {},
      ),
    );
    await using caller = await beginTransaction(database.connectionString);
    const client = await failureOf(store.append('account-caught', [opened], { transaction: caller.client }));
    expect(client).toMatchObject({ code: '22012' });
    const foreign = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: store.pool }) });
    const kysely = await failureOf(
      foreign
        .transaction()
        .execute((transaction) => store.append('account-caught', [opened], { transaction })),
    );
    expect(kysely).toMatchObject({ code: 'TRANSACTION_ROLLED_BACK', retryable: false });
    const own = await failureOf(
      store.db
        .transaction()
        .execute((transaction) => store.append('account-caught', [opened], { transaction })),
    );
    expect(own).toMatchObject({ code: '22012' });
    expect(await collect(store.readStream('account-caught'))).toEqual([]);
  });

  test('that lost a deadlock is run again', async ({ withHook, owners }) => {
    let runs = 0;
    await using store = withHook(async (transaction, events) => {
      runs += 1;
      await keep(`deadlock-${runs}`)(transaction, events);
      if (runs === 1)
        await sql`do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`.execute(
          transaction,
        );
    });
    expect(await store.append('account-deadlock', [opened])).toMatchObject({ streamVersion: 1 });
    expect(runs).toBe(2);
    expect(await owners()).toContain('deadlock-2');
    expect(await owners()).not.toContain('deadlock-1');
  });

  test("runs in the caller's transaction as well, and goes with it", async ({
    database,
    withHook,
    owners,
  }) => {
    await using store = withHook(keep('undone'));
    const caller = await beginTransaction(database.connectionString);
    await store.append('account-undone', [opened], { transaction: caller.client });
    const { rows } = await caller.client.query(`select owner from events where owner = 'undone'`);
    expect(rows).toHaveLength(1);
    await caller.rollback();
    expect(await owners()).not.toContain('undone');
  });

  test('works with a pool of one connection, for many appends at once', async ({ database }) => {
    await using store = openStore(database.connectionString, {
      maxConnections: 1,
      inline: { eventTypes: new Set(['account.opened']), apply: async () => {} },
    });
    const appends = Array.from({ length: 20 }, (_, index) =>
      store.append(`account-narrow-${index % 3}`, [opened]),
    );
    expect(await Promise.all(appends)).toHaveLength(20);
  });
});
