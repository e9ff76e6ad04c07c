import { defineProjection } from '@leftfold/core';
import { accountEvents, closed, deposited, opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import type pg from 'pg';
import { describe, expect } from 'vitest';
import { inlineProjections } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';

const tables = {
  account: {
    columns: { account_id: 'text', value: 'bigint', seen: 'bigint null' },
    primaryKey: ['account_id'],
  },
} as const;

/** Any other order of the deposits would leave another value. */
const chained = defineProjection({
  name: 'chained',
  events: [accountEvents],
  tables,
  on: {
    'account.opened': (tx, { streamId }) =>
      tx.insertInto('account').values({ account_id: streamId, value: 1, seen: null }),
    'account.deposited': (tx, { streamId, data }) => [
      tx
        .updateTable('account')
        .set(({ eb }) => ({ value: eb('value', '*', 3) }))
        .where('account_id', '=', streamId),
      tx
        .updateTable('account')
        .set({ value: sql<number>`(value + ${data.cents}) % 1000003` })
        .where('account_id', '=', streamId),
    ],
    'account.closed': async (tx, { streamId }) => {
      const { value } = await tx
        .selectFrom('account')
        .select('value')
        .where('account_id', '=', streamId)
        .executeTakeFirstOrThrow();
      return tx.updateTable('account').set({ seen: value }).where('account_id', '=', streamId);
    },
  },
});

const cents = Array.from({ length: 300 }, (_, index) => index + 1);
const valueAfter = (count: number) =>
  cents.slice(0, count).reduce((value, amount) => (value * 3 + amount) % 1_000_003, 1);

const connections = {
  'that takes several statements at a time': () => ({}),
  'of a pool whose connections take one at a time': (pool: pg.Pool) => ({
    connectionString: undefined,
    pool,
  }),
};

let schemas = 0;

describe.each(Object.entries(connections))('on a connection %s', (_, connect) => {
  test('returned statements run in order, and awaited ones see earlier effects', async ({
    database,
    pool,
  }) => {
    guarantee('statement-order');
    await using store = await freshStore(database, connect(pool));
    const deposits = cents.map((amount) => deposited(amount));
    await store.append('account-1', [opened, ...deposits, closed, deposits[0]!]);
    await using runner = createTestRunner(store, [chained]);
    await runner.start();
    await runner.whenCaughtUp(chained);
    const seen = valueAfter(300);
    expect(await rowsOf(store, chained)).toEqual([
      { account_id: 'account-1', value: (seen * 3 + 1) % 1_000_003, seen },
    ]);
  });

  test('a failing statement stops the projection at its event', async ({ database, pool }) => {
    guarantee('failed-statements-name-their-event');
    const strict = defineProjection({
      name: 'strict',
      events: [accountEvents],
      tables,
      on: {
        'account.opened': (tx, { streamId }) =>
          tx.insertInto('account').values({ account_id: streamId, value: 0, seen: null }),
        'account.deposited': (tx, { streamId, data }) =>
          tx
            .updateTable('account')
            .set({ value: sql<number>`value + 1 + 0 / (${data.cents}::bigint - 7)` })
            .where('account_id', '=', streamId),
      },
    });
    await using store = await freshStore(database, connect(pool));
    const deposits = cents.slice(0, 40).map((amount) => deposited(amount));
    await store.append('account-1', [opened, ...deposits]);
    await using runner = createTestRunner(store, [strict]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(strict))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      eventType: 'account.deposited',
      position: 8,
      cause: { code: '22012' },
    });
    expect(await rowsOf(store, strict)).toMatchObject([{ account_id: 'account-1', value: 6 }]);
  });

  test('batch handlers and inline projections may return statements too', async ({ database, pool }) => {
    const batches = defineProjection({
      name: 'batches',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
      onBatch: (tx, events) => events.map(({ position }) => tx.insertInto('entry').values({ position })),
    });
    const inline = defineProjection({
      name: 'inline',
      mode: 'inline',
      events: [accountEvents],
      tables,
      on: {
        'account.opened': (tx, { streamId }) =>
          tx.insertInto('account').values({ account_id: streamId, value: 1, seen: null }),
      },
    });
    const schema = `statements_${(schemas += 1)}`;
    await using store = await freshStore(database, {
      ...connect(pool),
      schema,
      inline: inlineProjections([inline], { schema }),
    });
    await using runner = createTestRunner(store, [batches, inline]);
    await runner.start();
    await runner.whenCaughtUp(inline);
    await store.append('account-1', [opened, deposited(1)]);
    expect(await rowsOf(store, inline)).toEqual([{ account_id: 'account-1', value: 1, seen: null }]);
    await runner.whenCaughtUp(batches);
    expect(await rowsOf(store, batches)).toEqual([{ position: 1 }, { position: 2 }]);
  });
});
