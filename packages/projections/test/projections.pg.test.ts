import { until } from '@leftfold/testing/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresEventStore } from '../src/../../event-store/src/index.ts';
import {
  balances,
  closed,
  createMigratedDatabase,
  createTestRunner,
  deposited,
  journal,
  type MigratedDatabase,
  opened,
  openStore,
  rowsOf,
} from './bank.ts';

describe('projections', () => {
  let database: MigratedDatabase;
  let store: PostgresEventStore;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    store = openStore(database.connectionString);
  });

  afterAll(async () => {
    await store?.close();
    await database?.[Symbol.asyncDispose]();
  });

  test('smoke', async () => {
    await using runner = createTestRunner(store, [balances, journal]);
    await runner.start();
    const { position } = await store.append('account-1', [opened({ owner: 'Ada' }), deposited({ cents: 5 })]);
    await runner.waitFor(balances, position);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-1', owner: 'Ada', cents: 5, events: 2 },
    ]);
    const last = await store.append('account-1', [deposited({ cents: 7 })]);
    await store.append('account-2', [opened({ owner: 'Bob' }), deposited({ cents: 7 }), closed({})]);
    await runner.waitFor(balances, last.position);
    await runner.caughtUp(journal);
    await runner.caughtUp(balances);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-1', owner: 'Ada', cents: 12, events: 3 },
    ]);
    expect(await rowsOf(store, journal)).toHaveLength(3);
    console.log(await runner.status());
    await until(() => true);
  });
});
