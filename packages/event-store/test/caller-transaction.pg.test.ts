import { defineEvents } from '@leftfold/core';
import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { killBackends } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { CamelCasePlugin } from 'kysely';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { openStore, test } from './store-test.ts';

describe("in a caller's transaction", () => {
  test.beforeAll(async ({ store }) => {
    await store.pool.query('create table orders (id text primary key)');
  });

  test('an append commits and rolls back with everything else in it', async ({ database, store }) => {
    guarantee('caller-transactions');
    const kept = await beginTransaction(database.connectionString);
    await kept.client.query(`insert into orders values ('kept')`);
    const { streamVersion } = await store.append('account-kept', [opened, deposited(1)], {
      transaction: kept.client,
    });
    expect(streamVersion).toBe(2);
    expect(await collect(store.readStream('account-kept'))).toEqual([]);
    await kept.commit();
    expect(await collect(store.readStream('account-kept'))).toHaveLength(2);

    const undone = await beginTransaction(database.connectionString);
    await undone.client.query(`insert into orders values ('undone')`);
    await store.append('account-undone', [opened], { transaction: undone.client });
    await undone.rollback();
    expect(await collect(store.readStream('account-undone'))).toEqual([]);
    const { rows } = await store.pool.query('select id from orders');
    expect(rows).toEqual([{ id: 'kept' }]);
  });

  test('two appends to one stream follow each other', async ({ store }) => {
    const { first, second } = await store.db.transaction().execute(async (transaction) => ({
      first: await store.append('account-twice', [opened], { transaction, expectedVersion: 'no-stream' }),
      second: await store.append('account-twice', [deposited(1)], { transaction, expectedVersion: 1 }),
    }));
    expect(second.streamVersion).toBe(2);
    expect(second.position).toBeGreaterThan(first.position);
  });

  test.for(['repeatable read', 'serializable'] as const)(
    'of isolation level %s, an append is refused',
    async (level, { database, store }) => {
      guarantee('read-committed-only');
      const message =
        `append needs isolation level read committed, this transaction has ${level}; begin the transaction with ` +
        'isolation level read committed, or reset default_transaction_isolation of this role and database';
      const wrong = { code: 'WRONG_ISOLATION_LEVEL', retryable: false, message };
      const open = await beginTransaction(database.connectionString, level);
      const one = store.append('account-level', [opened], { transaction: open.client });
      expect(await failureOf(one)).toMatchObject(wrong);
      await open.rollback();

      const inKysely = store.db
        .transaction()
        .setIsolationLevel(level)
        .execute((transaction) => store.append('account-level', [opened], { transaction }));
      expect(await failureOf(inKysely)).toMatchObject(wrong);
      expect(await collect(store.readStream('account-level'))).toEqual([]);
    },
  );

  test.for(['repeatable read', 'serializable'] as const)(
    'of level %s by default of the role, appends and reads of the log fail',
    async (level, { database }) => {
      const url = new URL(database.connectionString);
      url.searchParams.set('options', `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`);
      await using other = openStore(url.href);
      const wrong = { code: 'WRONG_ISOLATION_LEVEL', message: expect.stringContaining(`has ${level}`) };
      expect(await failureOf(other.append('account-level', [opened]))).toMatchObject(wrong);
      expect(
        await failureOf(other.appendToStreams([{ streamId: 'account-level', events: [opened, opened] }])),
      ).toMatchObject(wrong);
      expect(await failureOf(other.highWaterMark())).toMatchObject(wrong);
      expect(await failureOf(collect(other.readAll()))).toMatchObject(wrong);
      expect(await failureOf(collect(other.subscribe(), 1))).toMatchObject(wrong);
      await other.migrate();
    },
  );

  test('a version conflict leaves the transaction as it was: it goes on and commits', async ({
    database,
    store,
  }) => {
    guarantee('caller-transactions');
    await store.append('account-conflict', [opened]);
    const open = await beginTransaction(database.connectionString);
    await open.client.query(`insert into orders values ('after-conflict')`);
    const stale = store.append('account-conflict', [deposited(1)], {
      transaction: open.client,
      expectedVersion: 'no-stream',
    });
    expect(await failureOf(stale)).toMatchObject({ code: 'STREAM_VERSION_CONFLICT', actual: 1 });
    const fresh = await store.append('account-conflict', [deposited(1)], {
      transaction: open.client,
      expectedVersion: 1,
    });
    expect(fresh.streamVersion).toBe(2);
    await open.commit();
    expect(await collect(store.readStream('account-conflict'))).toHaveLength(2);
  });

  test('a race for a stream that is lost leaves the transaction as it was, too', async ({
    database,
    store,
  }) => {
    guarantee('caller-transactions');
    const winner = await beginTransaction(database.connectionString);
    await store.append('account-lost', [opened], { transaction: winner.client });
    const loser = await beginTransaction(database.connectionString);
    await loser.client.query(`insert into orders values ('after-race')`);
    const lost = failureOf(
      store.append('account-lost', [opened], { transaction: loser.client, expectedVersion: 'no-stream' }),
    );
    await untilBlocked(store.pool);
    await winner.commit();
    expect(await lost).toMatchObject({ code: 'STREAM_VERSION_CONFLICT', actual: 1 });
    await loser.commit();
    const { rowCount } = await store.pool.query(`select from orders where id = 'after-race'`);
    expect(rowCount).toBe(1);
  });

  test('a repeated append returns the events of the first, still uncommitted one', async ({ store }) => {
    const events = [opened, deposited(1)];
    const { first, second } = await store.db.transaction().execute(async (transaction) => ({
      first: await store.append('account-again', events, { transaction, commandId: 'again' }),
      second: await store.append('account-again', events, { transaction, commandId: 'again' }),
    }));
    expect(second).toEqual({ ...first, duplicate: true });
  });

  test("uses the store's column names, whatever plugins the caller's kysely has", async ({
    database,
    store,
  }) => {
    await store.pool.query('create table read_model (stream_id text, "streamId" text)');
    await using hooked = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (transaction, events) => {
          await transaction
            .withTables<{ read_model: { stream_id: string; streamId: string } }>()
            .insertInto('read_model')
            .values(events.map(({ streamId }) => ({ stream_id: streamId, streamId: 'as it is' })))
            .execute();
        },
      },
    });
    const command = { commandId: 'camel', expectedVersion: 'no-stream' } as const;
    const camel = store.db.withSchema('elsewhere').withPlugin(new CamelCasePlugin());
    const { first, second } = await camel.transaction().execute(async (transaction) => ({
      first: await hooked.append('account-camel', [opened], { transaction, ...command }),
      second: await hooked.append('account-camel', [opened], { transaction, ...command }),
    }));
    expect(first).toMatchObject({ streamVersion: 1, duplicate: false });
    expect(second).toEqual({ ...first, duplicate: true });
    const { rows } = await store.pool.query('select * from read_model');
    expect(rows).toEqual([{ stream_id: 'account-camel', streamId: 'as it is' }]);
  });

  test('appends that wait for its connection are bounded, as all others are', async ({ database }) => {
    guarantee('bounded-memory');
    const lists = defineEvents('list', { made: z.object({ objects: z.any() }) });
    await using store = openStore(database.connectionString, { events: [lists] });
    // In memory they take many times their bytes.
    const large = lists.create.made({ objects: Array.from({ length: 300_000 }, () => ({})) });
    const open = await beginTransaction(database.connectionString);
    // Nothing more succeeds in it, so that no large event is stored.
    await failureOf(open.client.query('select 1 / 0'));
    const appends = Array.from({ length: 12 }, (_, index) =>
      failureOf(store.append(`list-${index}`, [large], { transaction: open.client })),
    );
    const [first, ...others] = await Promise.all(appends);
    expect(first).toMatchObject({ code: 'TRANSACTION_ROLLED_BACK' });
    expect(others.at(-1)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('appends of this process that run or wait have reached the limit'),
    });
    await open.rollback();
    const small = lists.create.made({ objects: [] });
    expect(await store.append('list-after', [small])).toMatchObject({ streamVersion: 1 });
  });

  test('with a pool of one connection, a repeated append needs no second connection', async ({
    database,
  }) => {
    await using narrow = openStore(database.connectionString, { maxConnections: 1 });
    const first = await narrow.append('account-narrow', [opened], { commandId: 'narrow' });
    const again = await narrow.db
      .transaction()
      .execute((transaction) =>
        narrow.append('account-narrow', [opened], { transaction, commandId: 'narrow' }),
      );
    expect(again).toEqual({ ...first, duplicate: true });
  });

  test('a killed backend fails the next call, and does not end the process', async ({ store }) => {
    let next: unknown;
    const borrowed = new Promise<pg.PoolClient>((resolve) => store.pool.once('acquire', resolve));
    const lost = store.db.transaction().execute(async (transaction) => {
      await store.append('account-cut', [opened], { transaction });
      const { rows } = await store.pool.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`,
      );
      expect(rows).toHaveLength(1);
      const client = await borrowed;
      // The news of it reaches this process while nothing is asked of the connection.
      const ended = new Promise<void>((resolve) => client.once('end', resolve));
      await killBackends(store.pool, rows[0]!.pid);
      await ended;
      next = await failureOf(store.append('account-cut', [deposited(1)], { transaction }));
    });
    await failureOf(lost);
    expect(next).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await collect(store.readStream('account-cut'))).toEqual([]);
  });
});

test('what is no transaction is refused', async ({ store }) => {
  for (const transaction of [{}, [], new Date(), 'tx', null]) {
    // @ts-expect-error JavaScript may pass anything
    const appended = store.append('account-none', [opened], { transaction });
    expect(await failureOf(appended)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
});
