import { setTimeout as delay } from 'node:timers/promises';
import { type AnyProjection, defineProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { accountEvents, balances, deposited, movements, openBalances } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf, tokenAt } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { CompiledQuery, sql } from 'kysely';
import { describe, expect } from 'vitest';
import { inlineProjections, projectionSchema, queryProjection } from '../src/index.ts';
import { readDialect } from '../src/query/read-driver.ts';
import { toWanted } from '../src/query/read-options.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore, rowsOf } from './runner.ts';

type Runner = ReturnType<typeof createTestRunner>;

const contextOf = (store: PostgresEventStore, runner: Runner) => ({ store, runner, isClosed: () => false });
const tableOf = (store: PostgresEventStore) => sql.id(projectionSchema(store.schema, balances), 'balances');

/** A read model of one account, of which a rebuild that no process works on has begun. */
async function begunRebuild(store: PostgresEventStore, projection: AnyProjection = balances) {
  const runner = createTestRunner(store, [projection]);
  await runner.start();
  await store.append('account-1', [accountEvents.create.opened({ owner: 'Ada' })]);
  const { position } = await store.append('account-1', [deposited(1)]);
  await runner.whenCaughtUp(projection);
  await runner.stop();
  const waiting = createTestRunner(store, [projection]);
  const rebuilt = waiting.rebuild(projection);
  await until(async () => (await waiting.status())[0]?.rebuild !== undefined);
  return { token: await tokenAt(store, position), waiting, rebuilt };
}

describe('a query while a rebuild is switched to', () => {
  test.for(['executeQuery', 'streamQuery'] as const)(
    '%s reads the new tables in a snapshot in which they have the event of its token',
    async (method, { store }) => {
      guarantee('rebuild-serves');
      const { token, waiting, rebuilt } = await begunRebuild(store);
      const context = contextOf(store, waiting);
      const wanted = { ...toWanted({ atLeast: token }), onToken: undefined };
      const driver = readDialect(context, balances, wanted).createDriver();
      // In this snapshot the new table is empty.
      const connection = await driver.acquireConnection();
      await using builder = createTestRunner(store, [balances]);
      await builder.start();
      await rebuilt;
      const query = CompiledQuery.raw(
        `select cents from "${projectionSchema(store.schema, balances)}".balances`,
      );
      const found: unknown[] = [];
      if (method === 'executeQuery') found.push(...(await connection.executeQuery(query)).rows);
      else for await (const { rows } of connection.streamQuery(query, 10)) found.push(...rows);
      await driver.releaseConnection(connection);
      expect(found).toEqual([{ cents: 1 }]);
    },
  );

  test('that is being read ends with the rows of the tables that served', async ({ store }) => {
    guarantee('rebuild-serves');
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    for (let n = 0; n < 6; n += 1) await store.append(`account-${n}`, [deposited(1)]);
    await runner.whenCaughtUp(balances);
    await sql`update ${tableOf(store)} set cents = 7`.execute(store.db);
    const cents: number[] = [];
    for await (const row of queryProjection(contextOf(store, runner), balances, {}).stream(2)) {
      if (cents.length === 0) await runner.rebuild(balances);
      cents.push(row.cents);
    }
    expect(cents).toEqual([7, 7, 7, 7, 7, 7]);
    const rows = await queryProjection(contextOf(store, runner), balances, {}).execute();
    expect(rows.map((row) => row.cents)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('of two tables never reads one of the old and one of the new', async ({
    database,
    adminStore: store,
  }) => {
    guarantee('rebuild-serves');
    const { waiting, rebuilt } = await begunRebuild(store, movements);
    const schema = projectionSchema(store.schema, movements);
    await sql`update ${sql.id(schema, 'movements')} set cents = 7`.execute(store.db);
    await sql`update ${sql.id(schema, 'owners')} set owner = 'Eve'`.execute(store.db);
    await using locked = await beginTransaction(database.connectionString);
    await locked.client.query(`lock table "${schema}".owners in access exclusive mode`);
    // The first table is found, the second one is waited for.
    const found = queryProjection(contextOf(store, waiting), movements, {})
      .selectFrom('movements')
      .innerJoin('owners', 'owners.account_id', 'movements.account_id')
      .select(['cents', 'owner'])
      .execute();
    await untilBlocked(database.connectionString);
    await using builder = createTestRunner(store, [movements]);
    await builder.start();
    await rebuilt;
    await locked.commit();
    expect(await found).toEqual([{ cents: 1, owner: 'Ada' }]);
  });

  test('never has fewer rows than one before, nor rows of both', async ({ store }) => {
    guarantee('rebuild-serves');
    await using runner = createTestRunner(store, [movements], { leaseMs: 5_000 });
    await runner.start();
    const context = contextOf(store, runner);
    let over = false;
    let least = 0;
    const read = async () => {
      while (!over) {
        const before = least;
        // Two tables: with each account opened before its deposits, no movement is without its owner.
        const { rows } = await queryProjection(context, movements, {})
          .selectFrom('movements')
          .leftJoin('owners', 'owners.account_id', 'movements.account_id')
          .select(({ fn }) => [
            fn.countAll<number>().as('all'),
            fn.count<number>('owners.account_id').as('owned'),
          ])
          .execute()
          .then((rows) => ({ rows }));
        const { all = 0, owned = 0 } = rows[0] ?? {};
        expect(Number(owned)).toBe(Number(all));
        expect(Number(all)).toBeGreaterThanOrEqual(before);
        least = Math.max(least, Number(all));
      }
    };
    const append = async () => {
      for (let n = 0; !over; n += 1)
        await store.append(`account-${n}`, [
          accountEvents.create.opened({ owner: 'Ada' }),
          deposited(1),
          deposited(2),
        ]);
    };
    const going = Promise.all([append(), read(), read()]);
    try {
      for (let n = 0; n < 2; n += 1) await runner.rebuild(movements);
    } finally {
      over = true;
      await going;
    }
    await runner.whenCaughtUp(movements);
    const mark = await store.highWaterMark();
    expect(await rowsOf(store, movements)).toHaveLength((mark / 3) * 2);
  });
});

describe('a switch', () => {
  test('undoes the batch that was begun before', async ({ store }) => {
    guarantee('rebuild-serves', 'applied-once');
    const gate = new Gate();
    let calls = 0;
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint', call: 'integer' }, primaryKey: ['position'] } },
      on: {
        'account.deposited': async (tx, { position }) => {
          calls += 1;
          const call = calls;
          await tx.insertInto('entry').values({ position, call }).execute();
          if (call === 1) await gate.pass();
          // Into the tables that serve by now.
          await tx.updateTable('entry').set({ call }).where('position', '=', position).execute();
        },
      },
    });
    await using runner = createTestRunner(store, [held], { leaseMs: 60_000 });
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await gate.reached();
    await runner.rebuild(held);
    expect(await rowsOf(store, held)).toEqual([{ position: 1, call: 2 }]);
    gate.open();
    await store.append('account-1', [deposited(1)]);
    await runner.whenCaughtUp(held);
    expect(await rowsOf(store, held)).toEqual([
      { position: 1, call: 2 },
      { position: 2, call: 3 },
    ]);
  });

  test('fences a batch that begins where the new tables are', async ({ database, adminStore: store }) => {
    guarantee('rebuild-serves', 'applied-once');
    const gate = new Gate();
    const copyGate = new Gate();
    const behind = new Gate();
    const calls: number[] = [];
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint', call: 'integer' }, primaryKey: ['position'] } },
      on: {
        'account.deposited': async (tx, { position }) => {
          const call = calls.push(position);
          if (call === 2) await behind.pass();
          if (call === 3) await gate.pass();
          if (call === 4) await copyGate.pass();
          // Of the third call into the tables that serve by then.
          await tx.insertInto('entry').values({ position, call }).execute();
        },
      },
    });
    await using runner = createTestRunner(store, [held], { leaseMs: 60_000 });
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await runner.whenCaughtUp(held);
    await using locked = await beginTransaction(database.connectionString);
    const rebuilt = runner.rebuild(held);
    // Locked before the copy has caught up: no switch comes before.
    await behind.reached();
    await locked.client.query(`select from "${store.schema}".subscriptions where name = 'held' for update`);
    behind.open();
    await untilBlocked(database.connectionString);
    await store.append('account-1', [deposited(1)]);
    await Promise.all([gate.reached(), copyGate.reached()]);
    await locked.commit();
    await rebuilt;
    gate.open();
    copyGate.open();
    await runner.whenCaughtUp(held);
    const rows = await rowsOf<{ position: number; call: number }>(store, held);
    expect(rows.map(({ position }) => position)).toEqual([1, 2]);
    expect(rows[1]?.call).toBe(5);
  });

  test('of an inline projection waits longer with each attempt, for appends that are slow', async ({
    logins,
    database,
    store: { schema },
  }) => {
    guarantee('rebuild-serves');
    const inline = inlineProjections([openBalances], { schema });
    await using store = openStore(logins.urlOf('process'), { schema, inline });
    await using owned = openStore(logins.urlOf('owner'), { schema, inline });
    await createTestRunner(owned, [openBalances]).migrate();
    await logins.grant({ schema, projections: [openBalances] });
    await using runner = createTestRunner(store, [openBalances]);
    await runner.start();
    await runner.whenCaughtUp(openBalances);
    const rebuilt = runner.rebuild(openBalances, { signal: AbortSignal.timeout(20_000) });
    const over = rebuilt.then(
      () => true,
      () => true,
    );
    const lock = `select pg_advisory_xact_lock_shared(hashtextextended('"${schema}" inline projections', 0))`;
    // Each attempt to switch meets an append that takes 400 ms more.
    for (;;) {
      await using append = await beginTransaction(logins.urlOf('owner'));
      await append.client.query(lock);
      if (await Promise.race([over, untilBlocked(database.connectionString).then(() => false)])) break;
      await delay(400);
    }
    await rebuilt;
    expect(await runner.status()).toMatchObject([{ state: 'inline', rebuild: { state: 'previous' } }]);
  });

  test('of an inline projection comes between two appends', async ({ logins, store: { schema } }) => {
    guarantee('rebuild-serves', 'inline-in-step');
    const inline = inlineProjections([openBalances], { schema });
    await using store = openStore(logins.urlOf('process'), { schema, inline });
    await using owned = openStore(logins.urlOf('owner'), { schema, inline });
    await createTestRunner(owned, [openBalances]).migrate();
    await logins.grant({ schema, projections: [openBalances] });
    await using runner = createTestRunner(store, [openBalances]);
    await runner.start();
    await runner.whenCaughtUp(openBalances);
    let over = false;
    let appended = 0;
    const append = async () => {
      while (!over) {
        await store.append(`account-${appended % 3}`, [deposited(1)]);
        appended += 1;
        const rows = await rowsOf<{ cents: number }>(store, openBalances);
        expect(rows.reduce((sum, { cents }) => sum + cents, 0)).toBe(appended);
      }
    };
    const going = append();
    try {
      for (let n = 0; n < 2; n += 1) await runner.rebuild(openBalances);
    } finally {
      over = true;
      await going;
    }
    expect(await runner.status()).toMatchObject([{ state: 'inline', rebuild: { state: 'previous' } }]);
    await store.append('account-1', [deposited(1)]);
    const rows = await rowsOf<{ cents: number }>(store, openBalances);
    expect(rows.reduce((sum, { cents }) => sum + cents, 0)).toBe(appended + 1);
  });
});

test('a copy with parked keys does not serve while the projection is inline', async ({
  logins,
  store: { schema },
}) => {
  guarantee('rebuild-serves', 'inline-in-step');
  const inline = inlineProjections([openBalances], { schema });
  await using store = openStore(logins.urlOf('process'), { schema, inline });
  await using owned = openStore(logins.urlOf('owner'), { schema, inline });
  await createTestRunner(owned, [openBalances]).migrate();
  await logins.grant({ schema, projections: [openBalances] });
  await using runner = createTestRunner(store, [openBalances]);
  await runner.start();
  await runner.whenCaughtUp(openBalances);
  for (let n = 0; n < 3; n += 1) await store.append(`account-${n}`, [deposited(1)]);
  const rebuilt = runner.rebuild(openBalances, { eventsPerSecond: 1 });
  rebuilt.catch(() => {});
  const rebuildOf = async () => (await runner.status())[0]?.rebuild;
  await until(async () => (await rebuildOf()) !== undefined);
  // As a process does that parks events, and runs the same projection asynchronously.
  await sql`insert into ${sql.id(schema, 'parked_keys')}
              (name, version, slice, key, failed_position, failed_type, failed_message, release, attempts)
            values (${`${openBalances.name}+copy`}, 1, 0, 'account-0', 1, 'account.deposited', 'refused', 'r', 1)`.execute(
    owned.db,
  );
  await until(async () => (await rebuildOf())?.waitsFor?.startsWith('it has parked keys'), {
    timeoutMs: 20_000,
  });
  expect(await runner.status()).toMatchObject([{ state: 'inline', parked: { keys: 0 } }]);
  await sql`delete from ${sql.id(schema, 'parked_keys')}`.execute(owned.db);
  await rebuilt;
  expect(await runner.status()).toMatchObject([{ state: 'inline', rebuild: { state: 'previous' } }]);
});

describe('a rebuild is refused', () => {
  test('when something depends on the tables, and named', async ({ adminStore: store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    const view = sql.id(projectionSchema(store.schema, balances), 'rich');
    await sql`create view ${view} as select * from ${tableOf(store)} where cents > 100`.execute(store.db);
    const error = await failureOf(runner.rebuild(balances));
    expect(error).toMatchObject({ code: 'REBUILD_REFUSED', projection: 'balances' });
    expect(String(error)).toContain(`view ${projectionSchema(store.schema, balances)}.rich`);
    await sql`drop view ${view}`.execute(store.db);
    await runner.rebuild(balances);
  });
});
