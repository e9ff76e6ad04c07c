import { defineProjection, defineTableProjection, InvalidArgumentError, tokenOf } from '@leftfold/core';
import {
  accountEvents,
  auditEvents,
  balances,
  closed,
  deposited,
  journal,
  opened,
} from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf, tokenAt } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { test } from './runner-test.ts';
import { createTestRunner, rowsOf } from './runner.ts';

describe('projections', () => {
  test('a table projection has one row for each key, and none for a deleted one', async ({ store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await store.append('account-ada', [opened, deposited(5)]);
    const { position } = await store.append('account-bob', [accountEvents.create.opened({ owner: 'Bob' })]);
    await runner.waitFor(balances, await tokenAt(store, position));
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: 'Ada', cents: 5, events: 2 },
      { account_id: 'account-bob', owner: 'Bob', cents: 0, events: 1 },
    ]);

    await store.append('account-ada', [deposited(7)]);
    const last = await store.append('account-bob', [deposited(1), closed]);
    await runner.waitFor(balances, await tokenAt(store, last.position));
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: 'Ada', cents: 12, events: 3 },
    ]);
  });

  test('a deleted row starts from the initial row again, whether cached or loaded', async ({ store }) => {
    for (const cachedRows of [0, 100]) {
      await using runner = createTestRunner(store, [balances], { cachedRows });
      await runner.start();
      const steps = [[opened, deposited(5)], [closed], [deposited(2)]];
      for (const events of steps) {
        const { position } = await store.append('account-ada', events);
        await runner.waitFor(balances, await tokenAt(store, position));
      }
      expect(await rowsOf(store, balances)).toEqual([
        { account_id: 'account-ada', owner: '', cents: 2, events: 1 },
      ]);
    }
  });

  test('overlapping batches give the same rows as one fold, cached or not', async ({ store }) => {
    const accounts = 7;
    const expected = new Map<string, { cents: number; events: number }>();
    for (let n = 0; n < 300; n += 1) {
      const streamId = `account-${(n * n) % accounts}`;
      const row = expected.get(streamId) ?? { cents: 0, events: 0 };
      if (n % 11 === 10) expected.delete(streamId);
      else expected.set(streamId, { cents: row.cents + n, events: row.events + 1 });
      await store.append(streamId, [n % 11 === 10 ? closed : deposited(n)]);
    }
    const rows = [...expected].map(([account_id, row]) => ({ account_id, owner: '', ...row }));
    rows.sort((one, other) => (one.account_id < other.account_id ? -1 : 1));
    const projections = [0, 4, 1_000].map((cachedRows) => ({
      cachedRows,
      projection: { ...balances, name: `cached_${cachedRows}` },
    }));
    for (const { cachedRows, projection } of projections) {
      await using runner = createTestRunner(store, [projection], { cachedRows, batchSize: 3 });
      await runner.start();
      await runner.whenCaughtUp(projection);
      const table = { ...projection, tables: [projection.table] };
      expect(await rowsOf(store, table), `${cachedRows} rows remembered`).toEqual(rows);
    }
  });

  test('handlers write with a transaction in which table names need no schema', async ({ store }) => {
    await using runner = createTestRunner(store, [journal]);
    await runner.start();
    await store.append('account-ada', [opened, deposited(5), deposited(6)]);
    await runner.whenCaughtUp(journal);
    expect(await rowsOf(store, journal)).toEqual([
      { position: 2, cents: 5 },
      { position: 3, cents: 6 },
    ]);
  });

  test('a batch handler gets each event once, in the order of the log', async ({ store }) => {
    const seen: number[] = [];
    const batches = defineProjection({
      name: 'batches',
      events: [accountEvents],
      tables: { total: { columns: { id: 'integer', cents: 'bigint' }, primaryKey: ['id'] } },
      onBatch: async (tx, events) => {
        seen.push(...events.map(({ position }) => position));
        const cents = events.reduce(
          (sum, event) => sum + (event.type === 'account.deposited' ? event.data.cents : 0),
          0,
        );
        await tx
          .insertInto('total')
          .values({ id: 1, cents })
          .onConflict((conflict) =>
            conflict.column('id').doUpdateSet({ cents: sql<number>`total.cents + excluded.cents` }),
          )
          .execute();
      },
    });
    for (let n = 0; n < 25; n += 1)
      await store.append(`account-${n}`, [accountEvents.create.opened({ owner: 'x' }), deposited(n)]);
    await using runner = createTestRunner(store, [batches], { batchSize: 7 });
    await runner.start();
    await runner.whenCaughtUp(batches);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await rowsOf(store, batches)).toEqual([{ id: 1, cents: 300 }]);
  });

  test('a projection that reads few event types advances past all others', async ({ store }) => {
    guarantee('filtered-projections-advance');
    const notes = defineTableProjection({
      name: 'notes',
      events: [auditEvents],
      columns: { id: 'bigint', note: 'text' },
      key: ({ position }) => ({ id: position }),
      initialRow: { note: '' },
      evolve: { 'audit.noted': (row, { data }) => ({ ...row, note: data.note }) },
    });
    await using runner = createTestRunner(store, [notes], { batchSize: 3 });
    await runner.start();
    await store.append('audit-1', [auditEvents.create.noted({ note: 'first' })]);
    await store.append('account-1', [
      accountEvents.create.opened({ owner: 'x' }),
      ...Array.from({ length: 20 }, () => deposited(1)),
    ]);
    await runner.waitFor(notes, await tokenAt(store, 22));
    expect(await runner.status()).toMatchObject([{ name: 'notes', position: 22, lag: 0, state: 'running' }]);
    // Nothing at all that it reads.
    const { position } = await store.append('account-1', [deposited(1)]);
    await runner.waitFor(notes, await tokenAt(store, position));
    expect(await rowsOf(store, notes)).toEqual([{ id: 1, note: 'first' }]);
  });

  test('a runner that is started again continues at the checkpoint', async ({ store }) => {
    guarantee('runner-failover');
    for (const cents of [1, 2, 3]) {
      await using runner = createTestRunner(store, [journal, balances]);
      await runner.start();
      await store.append('account-ada', [deposited(cents)]);
      await runner.whenCaughtUp(journal);
      await runner.whenCaughtUp(balances);
    }
    expect(await rowsOf(store, journal)).toHaveLength(3);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: '', cents: 6, events: 3 },
    ]);
  });

  test('two versions of a projection run in one process, each with tables of its own', async ({ store }) => {
    const next = defineTableProjection({
      name: 'balances',
      version: 2,
      events: [accountEvents],
      columns: { account_id: 'text', deposits: 'integer' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { deposits: 0 },
      evolve: { 'account.deposited': (row) => ({ ...row, deposits: row.deposits + 1 }) },
    });
    await using runner = createTestRunner(store, [balances, next]);
    await runner.start();
    const { position } = await store.append('account-ada', [deposited(5), deposited(6)]);
    await runner.waitFor(balances, await tokenAt(store, position));
    await runner.waitFor(next, await tokenAt(store, position));
    expect(await rowsOf(store, balances)).toMatchObject([{ account_id: 'account-ada', cents: 11 }]);
    expect(await rowsOf(store, next)).toEqual([{ account_id: 'account-ada', deposits: 2 }]);
    expect(await runner.status()).toMatchObject([
      { name: 'balances', version: 1, mode: 'async', position, state: 'running' },
      { name: 'balances', version: 2, mode: 'async', position, state: 'running' },
    ]);
    // The name alone does not say which of them.
    expect(await failureOf(runner.waitFor('balances', await tokenAt(store, position)))).toBeInstanceOf(
      InvalidArgumentError,
    );
  });

  test('a projection is found by its definition or its name', async ({ store }) => {
    await using runner = createTestRunner(store, [journal]);
    await runner.start();
    const { position } = await store.append('account-1', [deposited(1)]);
    await runner.waitFor('journal', await tokenAt(store, position));
    for (const [unknown, known] of [
      ['other', 'has "journal"; correct the name'],
      [balances, 'has "journal"; correct the name'],
      [{ ...journal, version: 2 }, 'has version 1 of it, not version 2; ask a process of the release'],
    ] as const) {
      expect(await failureOf(runner.waitFor(unknown, tokenOf(undefined)))).toMatchObject({
        code: 'SUBSCRIPTION_NOT_FOUND',
        message: expect.stringContaining(`is unknown here: this process ${known}`),
      });
    }
    expect(() => createTestRunner(store, [journal, journal])).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_DEFINITION' }),
    );
  });
});
