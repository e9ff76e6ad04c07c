import { type HeldLease, readCheckpoints } from '@leftfold/subscriptions';
import { balances, deposited } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { TableApplier } from '../src/apply/table-applier.ts';
import { projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';

/** A log of deposits of 1, 2, 3 … cents to two accounts in turn, and an applier that holds the lease of `balances`. */
async function leaseOfBalances(database: TestDatabase, cachedRows: number) {
  const store = await freshStore(database);
  await using runner = createTestRunner(store, [balances]);
  await runner.migrate();
  await sql`update ${sql.id(store.schema, 'subscriptions')} set epoch = 1, owner = 'test'`.execute(store.db);
  const { name, version } = balances;
  const lease: HeldLease = { name, version, slice: 0, epoch: 1, owner: 'test', leaseMs: 60_000 };
  const applier = new TableApplier(balances, {
    store,
    lease,
    tableSchema: projectionSchema(store.schema, balances),
    cachedRows,
  });
  for (let cents = 1; cents <= 8; cents += 1) await store.append(`account-${cents % 2}`, [deposited(cents)]);
  const upTo = await store.highWaterMark();
  const pageAfter = async (from: number) => {
    const { events } = await store.readPage({ after: from, upTo, limit: 2 });
    return { from, to: from + 2, events };
  };
  const checkpoint = async () => (await readCheckpoints(store, [lease]))[0]?.position;
  return { store, applier, pageAfter, checkpoint };
}

describe('a batch', () => {
  test.for([0, 100])(
    'grows page by page while another one is written, with %i cached rows',
    async (cachedRows, { database }) => {
      const { store, applier, pageAfter, checkpoint } = await leaseOfBalances(database, cachedRows);
      await using _ = store;
      const first = await applier.prepare(await pageAfter(0));
      const writing = first.write();
      await applier.prepare(await pageAfter(2));
      const grown = await applier.prepare(await pageAfter(4));
      expect(await writing).toBe(true);
      expect(await checkpoint()).toBe(2);
      expect(grown).toMatchObject({ to: 6, eventCount: 4, grows: true });
      expect(await grown.write()).toBe(true);
      const last = await applier.prepare(await pageAfter(6));
      expect(last).toMatchObject({ to: 8, eventCount: 2 });
      expect(await last.write()).toBe(true);
      expect(await checkpoint()).toBe(8);
      expect(await rowsOf(store, balances)).toEqual([
        { account_id: 'account-0', owner: '', cents: 20, events: 4 },
        { account_id: 'account-1', owner: '', cents: 16, events: 4 },
      ]);
    },
  );

  test('that fails reports how many events of all its pages came before', async ({ database }) => {
    const { store, applier, pageAfter, checkpoint } = await leaseOfBalances(database, 0);
    await using _ = store;
    await applier.prepare(await pageAfter(0));
    const page = await pageAfter(2);
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

  test('that begins with an empty page names its first event all the same', async ({ database }) => {
    const { store, applier, pageAfter } = await leaseOfBalances(database, 0);
    await using _ = store;
    await applier.prepare({ from: 0, to: 2, events: [] });
    const page = await pageAfter(2);
    const [bad] = page.events;
    const failure = await failureOf(applier.prepare({ ...page, events: [{ ...bad!, data: null }] }));
    expect(failure).toMatchObject({ batch: { eventCount: 1, firstEvent: { position: 3 } } });
  });

  test('does not contain what was folded before a failure, once that is discarded', async ({ database }) => {
    const { store, applier, pageAfter } = await leaseOfBalances(database, 100);
    await using _ = store;
    await applier.prepare(await pageAfter(0));
    applier.forget();
    const again = await applier.prepare(await pageAfter(0));
    expect(again).toMatchObject({ to: 2, eventCount: 2 });
    expect(await again.write()).toBe(true);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 2 }, { cents: 1 }]);
  });
});
