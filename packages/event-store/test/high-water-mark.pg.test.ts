import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { killBackends } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { untilQueried } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import pg from 'pg';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, positionsOf, test as storeTest } from './store-test.ts';

/** The ways to read the log once, up to where it is settled. */
const readers: Readonly<Record<string, (store: PostgresEventStore, after: number) => Promise<number[]>>> = {
  readAll: async (store, after) => positionsOf(await collect(store.readAll({ after }))),
  readPage: async (store, after) => {
    const upTo = await store.highWaterMark();
    const { events, position } = await store.readPage({ after, upTo, limit: 100 });
    expect(position).toBe(Math.max(after, upTo));
    return positionsOf(events);
  },
  'read_all in SQL': async (store, after) => {
    const sql = 'select position::float8 as position from leftfold.read_all($1)';
    const { rows } = await store.pool.query<{ position: number }>(sql, [after]);
    return positionsOf(rows);
  },
};

const test = storeTest
  // Reads with a store of its own, which knows nothing of what others were told.
  .extend('highWaterMark', ({ database }) => async () => {
    await using reader = openStore(database.connectionString);
    return await reader.highWaterMark();
  })
  .extend('allowsPreparing', ({ store }) => async () => {
    const { rows } = await store.pool.query<object>('show max_prepared_transactions');
    return Number(Object.values(rows[0]!)[0]) > 0;
  })
  // A prepared transaction in another database, where the server allows any. Returns what ends it.
  .extend('prepareElsewhere', ({ ownDatabase, allowsPreparing }) => async () => {
    if (!(await allowsPreparing())) return async () => {};
    const client = new pg.Client({ connectionString: ownDatabase.connectionString });
    await client.connect();
    await client.query('begin; create table unrelated (id integer)');
    await client.query(`prepare transaction 'unrelated'`);
    return async () => {
      await client.query(`rollback prepared 'unrelated'`);
      await client.end();
    };
  });

describe('settling', () => {
  test.for(Object.keys(readers))(
    'commits in the wrong order: %s waits for the earlier append, then hands out both in order',
    async (name, { database, store }) => {
      guarantee('commit-order-does-not-matter');
      const read = readers[name]!;
      await using reader = openStore(database.connectionString);
      const { position: before } = await store.append(`account-before-${name}`, [opened]);
      const late = await beginTransaction(database.connectionString);
      const first = await store.append(`account-first-${name}`, [opened], { transaction: late.client });
      const second = await store.append(`account-second-${name}`, [opened]);
      expect(second.position).toBeGreaterThan(first.position);

      expect(await read(reader, before - 1)).toEqual([before]);
      expect(await read(reader, before)).toEqual([]);

      await late.commit();
      expect(await read(reader, before)).toEqual([first.position, second.position]);
    },
  );

  test('commits in the wrong order: a subscription waits, then yields both in order', async ({
    database,
    store,
  }) => {
    guarantee('commit-order-does-not-matter');
    await using reader = openStore(database.connectionString, { listen: false });
    const { position: before } = await store.append('account-followed', [opened]);
    const stop = new AbortController();
    const subscription = reader.subscribe({ after: before, signal: stop.signal });
    const seen: number[] = [];
    const following = (async () => {
      for await (const { position } of subscription) seen.push(position);
    })();

    const late = await beginTransaction(database.connectionString);
    const first = await store.append('account-followed-late', [opened], { transaction: late.client });
    const second = await store.append('account-followed', [deposited(1)]);
    await untilQueried(reader);
    expect(seen).toEqual([]);
    expect(subscription.position).toBeLessThan(first.position);

    await late.commit();
    await until(() => seen.length === 2, { message: 'both events' });
    expect(seen).toEqual([first.position, second.position]);
    stop.abort();
    await following;
  });

  test('the very first append of a log, held open, is not skipped', async ({ ownDatabase }) => {
    guarantee('commit-order-does-not-matter');
    await using writer = openStore(ownDatabase.connectionString);
    await using reader = openStore(ownDatabase.connectionString);
    const late = await beginTransaction(ownDatabase.connectionString);
    const first = await writer.append('account-first', [opened], { transaction: late.client });
    const second = await writer.append('account-second', [opened]);
    expect([first.position, second.position]).toEqual([1, 2]);
    expect(await reader.highWaterMark()).toBe(0);
    expect(await collect(reader.readAll())).toEqual([]);
    await late.commit();
    expect(positionsOf(await collect(reader.readAll()))).toEqual([1, 2]);
  });

  test('an empty log is settled at 0', async ({ ownDatabase }) => {
    await using reader = openStore(ownDatabase.connectionString);
    expect(await reader.highWaterMark()).toBe(0);
    expect(await collect(reader.readAll())).toEqual([]);
  });

  test('a transaction with an early id that appends late comes later in the log', async ({
    database,
    store,
  }) => {
    guarantee('position-order-is-version-order');
    await using reader = openStore(database.connectionString);
    const early = await beginTransaction(database.connectionString);
    await early.client.query('select pg_current_xact_id()');
    const other = await store.append('account-xid', [opened]);
    expect(await reader.highWaterMark()).toBe(other.position);

    const own = await store.append('account-xid', [deposited(1)], { transaction: early.client });
    expect(own.streamVersion).toBe(2);
    expect(own.position).toBeGreaterThan(other.position);
    await early.commit();
    const read = await collect(reader.readAll({ after: other.position - 1 }));
    expect(read.map(({ streamVersion }) => streamVersion)).toEqual([1, 2]);
    expect(positionsOf(read)).toEqual([other.position, own.position]);
  });

  test('an append that is rolled back does not delay readers', async ({ database, store, highWaterMark }) => {
    guarantee('only-appends-delay-readers');
    const undone = await beginTransaction(database.connectionString);
    const gap = await store.append('account-undone', [opened], { transaction: undone.client });
    await undone.client.query('rollback'); // its session stays
    const { position } = await store.append('account-after-rollback', [opened]);
    expect(position).toBeGreaterThan(gap.position);
    expect(await highWaterMark()).toBe(position);
    await undone.client.end();
  });

  test('an append whose backend is killed does not delay readers', async ({
    database,
    store,
    highWaterMark,
  }) => {
    guarantee('only-appends-delay-readers');
    const killed = await beginTransaction(database.connectionString);
    await store.append('account-killed', [opened], { transaction: killed.client });
    const { position } = await store.append('account-after-kill', [opened]);
    expect(await highWaterMark()).toBeLessThan(position);
    await killBackends(store.pool, killed.pid);
    expect(await highWaterMark()).toBe(position);
    expect(await collect(store.readStream('account-killed'))).toEqual([]);
  });

  test('an append rolled back to a savepoint is gone; readers wait for the rest only', async ({
    database,
    store,
    highWaterMark,
  }) => {
    const caller = await beginTransaction(database.connectionString);
    const kept = await store.append('account-kept', [opened], { transaction: caller.client });
    await caller.client.query('savepoint before');
    await store.append('account-kept', [deposited(1)], { transaction: caller.client });
    await caller.client.query('rollback to savepoint before');
    const again = await store.append('account-kept', [deposited(2)], { transaction: caller.client });
    expect(again.streamVersion).toBe(2);
    expect(await highWaterMark()).toBeLessThan(kept.position);
    await caller.commit();
    const recorded = await collect(store.readStream('account-kept'));
    expect(positionsOf(recorded)).toEqual([kept.position, again.position]);
    expect(await highWaterMark()).toBe(again.position);
  });

  test('a transaction whose appends were all rolled back does not delay readers', async ({
    database,
    store,
    highWaterMark,
  }) => {
    const caller = await beginTransaction(database.connectionString);
    await caller.client.query('savepoint before');
    await store.append('account-taken-back', [opened], { transaction: caller.client });
    await caller.client.query('rollback to savepoint before');
    const { position } = await store.append('account-behind-savepoint', [opened]);
    expect(await highWaterMark()).toBe(position);
    await caller.commit();
  });

  test('a slow writer blocks neither readers of settled events nor other streams', async ({
    database,
    store,
  }) => {
    guarantee('slow-appends-block-little');
    await using other = openStore(database.connectionString);
    const { position: settled } = await store.append('account-settled', [opened]);
    const slow = await beginTransaction(database.connectionString);
    await store.append('account-slow', [opened], { transaction: slow.client });

    const written = await Promise.all([
      store.append('account-quick-1', [opened]),
      other.append('account-quick-2', [opened], { expectedVersion: 'no-stream' }),
      other.appendToStreams([{ streamId: 'account-quick-3', events: [opened, deposited(1)] }]),
    ]);
    expect(written).toHaveLength(3);
    expect(positionsOf(await collect(other.readAll({ after: settled - 1 })))).toEqual([settled]);
    expect(await collect(other.readStream('account-quick-1'))).toHaveLength(1);
    await slow.commit();
  });

  test('transactions that do not append never delay readers', async ({
    database,
    store,
    highWaterMark,
    prepareElsewhere,
  }) => {
    guarantee('only-appends-delay-readers');
    const own = await beginTransaction(database.connectionString);
    await own.client.query('create table unrelated (id integer)');
    const dump = await beginTransaction(database.connectionString, 'repeatable read');
    await dump.client.query('select count(*) from leftfold.events');
    const prepared = await prepareElsewhere();
    const { position } = await store.append('account-undisturbed', [opened]);
    expect(await highWaterMark()).toBe(position);
    await own.rollback();
    await dump.rollback();
    await prepared();
  });

  test('an append in another database or schema does not delay readers here', async ({
    database,
    ownDatabase,
    store,
    highWaterMark,
  }) => {
    guarantee('only-appends-delay-readers');
    const elsewhere = ownDatabase; // a copy of the same template: its tables have the same object ids
    await using there = openStore(elsewhere.connectionString);
    const held = await beginTransaction(elsewhere.connectionString);
    await there.append('account-there', [opened], { transaction: held.client });

    await using beside = openStore(database.connectionString, { schema: 'beside' });
    await beside.migrate();
    const near = await beginTransaction(database.connectionString);
    await beside.append('account-beside', [opened], { transaction: near.client });

    const { position } = await store.append('account-here', [opened]);
    expect(await highWaterMark()).toBe(position);
    await held.rollback();
    await near.rollback();
  });

  test('advisory locks of the application do not delay readers, whatever their keys', async ({
    database,
    store,
    highWaterMark,
  }) => {
    guarantee('only-appends-delay-readers');
    const { rows } = await store.pool.query<{ oid: string }>(
      `select 'leftfold.events'::regclass::oid::text as oid`,
    );
    const application = await beginTransaction(database.connectionString);
    // One key of 64 bits lies in the same columns of pg_locks as two of 32.
    await application.client.query('select pg_advisory_xact_lock($1::bigint << 32)', [rows[0]!.oid]);
    await application.client.query('select pg_advisory_xact_lock(1, 0)');
    const { position } = await store.append('account-unlocked', [opened]);
    expect(await highWaterMark()).toBe(position);
    await application.rollback();
  });

  test('readers wait for an append prepared for a two-phase commit', async ({
    database,
    store,
    highWaterMark,
    allowsPreparing,
  }) => {
    const allowed = await allowsPreparing();
    const { client } = await beginTransaction(database.connectionString);
    const first = await store.append('account-prepared', [opened], { transaction: client });
    if (allowed) await client.query(`prepare transaction 'append'`);
    const second = await store.append('account-beyond', [opened]);
    expect(await highWaterMark()).toBeLessThan(first.position);
    await client.query(allowed ? `commit prepared 'append'` : 'commit');
    await client.end();
    expect(positionsOf(await collect(store.readAll({ after: first.position - 1 })))).toEqual([
      first.position,
      second.position,
    ]);
  });

  test('what a process was told is settled stays settled, though a fence shows up late', async ({
    database,
    store,
    highWaterMark,
  }) => {
    guarantee('stable-high-water-mark');
    await using reader = openStore(database.connectionString);
    const { position } = await store.append('account-mark', [opened]);
    expect(await reader.highWaterMark()).toBe(position);
    // A writer that was interrupted between reading the sequence and taking its fence: its positions come later.
    const late = await beginTransaction(database.connectionString);
    await late.client.query(
      `select pg_advisory_xact_lock_shared('leftfold.events'::regclass::oid::integer, $1)`,
      [position - 1],
    );
    expect(await highWaterMark()).toBeLessThan(position);
    expect(await reader.highWaterMark()).toBe(position);
    await late.rollback();
  });
});
