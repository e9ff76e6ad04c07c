import { defineProjection, defineTableProjection } from '@leftfold/core';
import type { SubscriptionIncident } from '@leftfold/subscriptions';
import { accountEvents, balances, deposited, journal } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf, tokenAt } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, rowsOf } from './runner.ts';

const poison = 13;

/** Fails at the deposit of 13 cents. */
function fragile() {
  const state = { calls: 0 };
  const projection = defineProjection({
    name: 'fragile',
    events: [accountEvents],
    tables: { entry: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] } },
    on: {
      'account.deposited': async (tx, { position, data }) => {
        await tx.insertInto('entry').values({ position, cents: data.cents }).execute();
        if (data.cents !== poison) return;
        state.calls += 1;
        throw new Error('thirteen is refused');
      },
    },
  });
  return { projection, state };
}

const deposits = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => deposited(from + index));

describe('a projection that fails', () => {
  test('is retried, then stops at the event; nothing after it is applied', async ({ store }) => {
    guarantee('stops-at-a-failure');
    const { projection, state } = fragile();
    const incidents: SubscriptionIncident[] = [];
    await store.append('account-1', deposits(1, 40));
    await using runner = createTestRunner(store, [projection], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    const failure = await failureOf(runner.whenCaughtUp(projection));

    expect(failure).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      subscription: 'fragile',
      position: poison,
      eventType: 'account.deposited',
      message: expect.stringContaining('projection "fragile" stopped at event "account.deposited"'),
      cause: expect.objectContaining({ message: 'thirteen is refused' }),
    });
    // Once in a batch, once as the first of a smaller one, then three times alone.
    expect(state.calls).toBe(5);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([
      { subscription: { name: 'fragile', version: 1, slice: 0 }, error: failure, stopped: true },
    ]);
    expect((await rowsOf(store, projection)).map(({ cents }) => cents)).toEqual(
      Array.from({ length: poison - 1 }, (_, index) => index + 1),
    );
    expect(await runner.status()).toMatchObject([
      {
        name: 'fragile',
        state: 'stopped',
        position: poison - 1,
        lag: 40 - poison + 1,
        failure: { position: poison, type: 'account.deposited', message: 'thirteen is refused' },
      },
    ]);
  });

  test('in evolve stops at that event', async ({ store }) => {
    const table = defineTableProjection({
      name: 'strict',
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'bigint' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: {
        'account.deposited': (row, { data }) => {
          if (data.cents === poison) throw new Error('thirteen is refused');
          return { ...row, cents: row.cents + data.cents };
        },
      },
    });
    await store.append('account-1', deposits(1, 40));
    await using runner = createTestRunner(store, [table]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(table))).toMatchObject({
      position: poison,
      eventType: 'account.deposited',
    });
    expect(await rowsOf(store, table)).toEqual([{ account_id: 'account-1', cents: 78 }]);
  });

  test('because Postgres refuses a row stops at the event that produced it', async ({
    adminStore: store,
  }) => {
    const table = defineTableProjection({
      name: 'narrow',
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'integer' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
    });
    await using runner = createTestRunner(store, [table]);
    await runner.migrate();
    const name = `${projectionSchema(store.schema, table)}.narrow`;
    await store.pool.query(`alter table ${name} add constraint small check (cents < 100)`);
    for (const cents of [1, 2, 3, 100, 4, 5]) await store.append('account-1', [deposited(cents)]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(table))).toMatchObject({
      position: 4,
      eventType: 'account.deposited',
      cause: expect.objectContaining({ code: '23514' }),
    });
    expect(await rowsOf(store, table)).toEqual([{ account_id: 'account-1', cents: 6 }]);
  });

  test('because Postgres refuses a row for a while folds it again from what is stored', async ({
    adminStore: store,
  }) => {
    let incidents = 0;
    await using runner = createTestRunner(store, [balances], {
      retry: { attempts: 1_000, firstDelayMs: 1, maxDelayMs: 5 },
      onIncident: () => {
        incidents += 1;
      },
    });
    await runner.start();
    const first = await store.append('account-1', [deposited(1)]);
    await runner.waitFor(balances, await tokenAt(store, first.position));
    const table = sql.id(projectionSchema(store.schema, balances), 'balances');
    await sql`alter table ${table} add constraint poor check (cents < 10)`.execute(store.db);
    await store.append('account-1', [deposited(10)]);
    await until(() => incidents > 3, { message: 'the row to be refused' });
    await sql`alter table ${table} drop constraint poor`.execute(store.db);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 11, events: 2 }]);
  });

  test('because a statement failed stops even if the handler caught the error', async ({ store }) => {
    const catching = defineProjection({
      name: 'catching',
      events: [accountEvents],
      tables: {},
      on: { 'account.opened': (tx) => sql`select 1/0`.execute(tx).catch(() => {}) },
    });
    await store.append('account-1', [accountEvents.create.opened({ owner: 'x' })]);
    await using runner = createTestRunner(store, [catching]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(catching))).toMatchObject({ position: 1 });
  });

  test('because its table is missing continues once the table is back and it is resumed', async ({
    adminStore: store,
  }) => {
    await using runner = createTestRunner(store, [journal]);
    await runner.start();
    const schema = sql.id(projectionSchema(store.schema, journal));
    await sql`alter table ${schema}.entry rename to elsewhere`.execute(store.db);
    await store.append('account-1', deposits(1, 3));
    expect(await failureOf(runner.whenCaughtUp(journal))).toMatchObject({ position: 1 });
    await sql`alter table ${schema}.elsewhere rename to entry`.execute(store.db);
    await runner.resume(journal);
    await runner.whenCaughtUp(journal);
    expect(await rowsOf(store, journal)).toHaveLength(3);
    await until(async () => (await runner.status())[0]?.state === 'running');
  });
});
