import { defineProjection } from '@leftfold/core';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { inlineProjections } from '../src/index.ts';
import {
  accountEvents,
  closed,
  createTestRunner,
  type Database,
  deposited,
  failureOf,
  freshStore,
  opened,
  rowsOf,
} from './bank.ts';

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
  'of a pool whose connections take one at a time': ({ connectionString }: Database) => {
    const pool = new pg.Pool({ connectionString });
    onTestFinished(() => pool.end());
    return { connectionString: undefined, pool };
  },
};

describe.each(Object.entries(connections))('on a connection %s', (_, connect) => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test('returned statements run in order, and awaited ones see earlier effects', async () => {
    await using store = await freshStore(database, connect(database));
    const deposits = cents.map((amount) => deposited({ cents: amount }));
    await store.append('account-1', [opened({ owner: 'Ada' }), ...deposits, closed({}), deposits[0]!]);
    await using runner = createTestRunner(store, [chained]);
    await runner.start();
    await runner.whenCaughtUp(chained);
    const seen = valueAfter(300);
    expect(await rowsOf(store, chained)).toEqual([
      { account_id: 'account-1', value: (seen * 3 + 1) % 1_000_003, seen },
    ]);
  });

  test('a failing statement stops the projection at its event', async () => {
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
    await using store = await freshStore(database, connect(database));
    const deposits = cents.slice(0, 40).map((amount) => deposited({ cents: amount }));
    await store.append('account-1', [opened({ owner: 'Ada' }), ...deposits]);
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

  test('batch handlers and inline projections may return statements too', async () => {
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
    const schema = 'log_inline';
    await using store = await freshStore(database, {
      ...connect(database),
      schema,
      inline: inlineProjections([inline], { schema }),
    });
    await using runner = createTestRunner(store, [batches, inline]);
    await runner.start();
    await runner.whenCaughtUp(inline);
    await store.append('account-1', [opened({ owner: 'Ada' }), deposited({ cents: 1 })]);
    expect(await rowsOf(store, inline)).toEqual([{ account_id: 'account-1', value: 1, seen: null }]);
    await runner.whenCaughtUp(batches);
    expect(await rowsOf(store, batches)).toEqual([{ position: 1 }, { position: 2 }]);
  });
});
