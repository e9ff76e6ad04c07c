import { createTestDatabase } from '@leftfold/testing/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TableApplier } from '../src/apply/table-applier.ts';
import type { HeldLease } from '../src/sql/leases.ts';
import { acquireLease } from '../src/sql/leases.ts';
import { readCheckpoints } from '../src/sql/checkpoints.ts';
import {
  balances,
  createTestRunner,
  type Database,
  deposited,
  failureOf,
  freshStore,
  rowsOf,
} from './bank.ts';

/** A log of deposits of 1, 2, 3 … cents to two accounts in turn, and somebody who holds the lease of `balances`. */
async function leaseOfBalances(database: Database, cachedRows: number) {
  const store = await freshStore(database);
  await using runner = createTestRunner(store, [balances]);
  await runner.migrate();
  const { db, schema } = store;
  const leaseMs = 60_000;
  const held = await acquireLease(db, schema, balances, { owner: 'the test', leaseMs });
  const lease: HeldLease = { name: balances.name, version: balances.version, epoch: held!.epoch };
  const applier = new TableApplier(balances, { db, storeSchema: schema, leaseMs, cachedRows });
  for (let cents = 1; cents <= 8; cents += 1)
    await store.append(`account-${cents % 2}`, [deposited({ cents })]);
  const upTo = await store.highWaterMark();
  const pageBehind = async (from: number) => {
    const { events } = await store.readPage({ after: from, upTo, limit: 2 });
    return { from, to: from + 2, events };
  };
  const checkpoint = async () => (await readCheckpoints(db, schema, [balances]))[0]?.position;
  return { store, lease, applier, pageBehind, checkpoint };
}

describe('a batch', () => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test.each([0, 100])(
    'grows page by page while another one is written, and is then written as one, with %i rows remembered',
    async (cachedRows) => {
      const { store, lease, applier, pageBehind, checkpoint } = await leaseOfBalances(database, cachedRows);
      await using _ = store;
      const first = await applier.prepare(await pageBehind(0));
      const writing = first.write(lease);
      await applier.prepare(await pageBehind(2));
      const grown = await applier.prepare(await pageBehind(4));
      expect(await writing).toBe(true);
      expect(await checkpoint()).toBe(2);
      expect(grown).toMatchObject({ to: 6, eventCount: 4, grows: true });
      expect(await grown.write(lease)).toBe(true);
      const last = await applier.prepare(await pageBehind(6));
      expect(last).toMatchObject({ to: 8, eventCount: 2 });
      expect(await last.write(lease)).toBe(true);
      expect(await checkpoint()).toBe(8);
      expect(await rowsOf(store, balances)).toEqual([
        { account_id: 'account-0', owner: '', cents: 20, events: 4 },
        { account_id: 'account-1', owner: '', cents: 16, events: 4 },
      ]);
    },
  );

  test('that fails in a page says how many events of all its pages came before', async () => {
    const { store, applier, pageBehind, checkpoint } = await leaseOfBalances(database, 0);
    await using _ = store;
    await applier.prepare(await pageBehind(0));
    const page = await pageBehind(2);
    const [good, bad] = page.events;
    const failure = await failureOf(
      applier.prepare({ ...page, events: [good!, { ...bad!, type: 'account.deposited', data: null }] }),
    );
    expect(failure).toMatchObject({
      batch: { eventCount: 4, firstEvent: { position: 1 }, failing: { event: { position: 4 }, before: 3 } },
    });
    expect(await checkpoint()).toBe(0);
    expect(await rowsOf(store, balances)).toEqual([]);
  });

  test('that begins with a page without events names its first event all the same', async () => {
    const { store, applier, pageBehind } = await leaseOfBalances(database, 0);
    await using _ = store;
    await applier.prepare({ from: 0, to: 2, events: [] });
    const page = await pageBehind(2);
    const [bad] = page.events;
    const failure = await failureOf(applier.prepare({ ...page, events: [{ ...bad!, data: null }] }));
    expect(failure).toMatchObject({ batch: { eventCount: 1, firstEvent: { position: 3 } } });
  });

  test('is not what was folded before it failed, once that is forgotten', async () => {
    const { store, lease, applier, pageBehind } = await leaseOfBalances(database, 100);
    await using _ = store;
    await applier.prepare(await pageBehind(0));
    applier.forget();
    const again = await applier.prepare(await pageBehind(0));
    expect(again).toMatchObject({ to: 2, eventCount: 2 });
    expect(await again.write(lease)).toBe(true);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 2 }, { cents: 1 }]);
  });
});
