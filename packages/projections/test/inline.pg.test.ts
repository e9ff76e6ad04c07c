import { type AnyProjection, categoryOf, defineProjection, defineTableProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { CallerTransaction } from '@leftfold/postgres';
import { accountEvents, balances, closed, deposited, journal, opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf, tokenAt } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { CamelCasePlugin, sql } from 'kysely';
import { describe, expect } from 'vitest';
import { inlineProjections, projectionSchema } from '../src/index.ts';
import { test as runnerTest } from './runner-test.ts';
import { createTestRunner, freshStore, openStore, rowsOf } from './runner.ts';

const inlineBalances = { ...balances, mode: 'inline' } as const;
const inlineJournal = { ...journal, mode: 'inline' } as const;

/** All accounts in one row: every append changes it. */
const sums = defineTableProjection({
  name: 'sums',
  mode: 'inline',
  events: [accountEvents],
  columns: { category: 'text', cents: 'bigint', events: 'integer' },
  key: ({ streamId }) => ({ category: categoryOf(streamId) }),
  initialRow: { cents: 0, events: 0 },
  evolve: {
    'account.deposited': (row, { data }) => ({
      ...row,
      cents: row.cents + data.cents,
      events: row.events + 1,
    }),
  },
});

/** An owner may have one account. */
const owners = defineProjection({
  name: 'owners',
  mode: 'inline',
  events: [accountEvents],
  tables: { owner: { columns: { owner: 'text', account_id: 'text' }, primaryKey: ['owner'] } },
  on: {
    'account.opened': (tx, { streamId, data }) =>
      tx.insertInto('owner').values({ owner: data.owner, account_id: streamId }).execute(),
    'account.closed': (tx, { streamId }) =>
      tx
        .updateTable('owner')
        .set({ account_id: sql<string>`null` })
        .where('account_id', '=', streamId)
        .execute(),
  },
});

let schemas = 0;

const test = runnerTest
  // A log whose appends apply these projections, once they are inline.
  .extend('inlineStore', ({ database }) => async (projections: readonly AnyProjection[]) => {
    schemas += 1;
    const schema = `inline_${schemas}`;
    return freshStore(database, { schema, inline: inlineProjections(projections, { schema }) });
  })
  .extend(
    'sameLog',
    ({ database }) =>
      (store: PostgresEventStore, projections: readonly AnyProjection[]) =>
        openStore(database.connectionString, {
          schema: store.schema,
          inline: inlineProjections(projections, { schema: store.schema }),
        }),
  );

describe('inline projections', () => {
  test('are applied when the append is acknowledged, and waiting for them takes no time', async ({
    inlineStore,
  }) => {
    guarantee('inline-in-step');
    const projections = [inlineBalances, inlineJournal];
    await using store = await inlineStore(projections);
    await using runner = createTestRunner(store, projections);
    await runner.start();
    for (const projection of projections) await runner.whenCaughtUp(projection);
    // From now on no runner is needed.
    await runner.stop();
    const observer = createTestRunner(store, projections);
    await store.append('account-ada', [opened, deposited(5)]);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: 'Ada', cents: 5, events: 2 },
    ]);
    expect(await rowsOf(store, journal)).toEqual([{ position: 2, cents: 5 }]);
    const { position } = await store.append('account-ada', [deposited(6), closed]);
    await observer.waitFor(balances, await tokenAt(store, position));
    expect(await rowsOf(store, balances)).toEqual([]);
    expect(await observer.status()).toMatchObject([
      { name: 'balances', mode: 'inline', state: 'inline', position, lag: 0 },
      { name: 'journal', mode: 'inline', state: 'inline', position, lag: 0 },
    ]);
  });

  test('of two versions in one process are applied apart, each from when it is inline', async ({
    inlineStore,
  }) => {
    const next = { ...inlineJournal, version: 2 } as const;
    await using store = await inlineStore([inlineJournal, next]);
    await using first = createTestRunner(store, [inlineJournal]);
    await first.start();
    await first.whenCaughtUp(inlineJournal);
    await store.append('account-1', [deposited(1)]);
    expect(await rowsOf(store, inlineJournal)).toEqual([{ position: 1, cents: 1 }]);

    // The second version has no table yet: the append must not apply it.
    await using both = createTestRunner(store, [inlineJournal, next]);
    await both.start();
    await both.whenCaughtUp(next);
    await store.append('account-1', [deposited(2)]);
    for (const version of [inlineJournal, next]) {
      expect((await rowsOf(store, version)).map(({ cents }) => cents)).toEqual([1, 2]);
    }
  });

  test('roll back with the append, and the append with them', async ({ inlineStore }) => {
    guarantee('inline-in-step');
    const projections = [inlineBalances, owners];
    await using store = await inlineStore(projections);
    await using runner = createTestRunner(store, projections);
    await runner.start();
    for (const projection of projections) await runner.whenCaughtUp(projection);
    await store.append('account-1', [opened]);

    expect(
      await failureOf(store.append('account-1', [deposited(1)], { expectedVersion: 'no-stream' })),
    ).toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
    });
    const rolledBack = store.db.transaction().execute(async (transaction) => {
      await store.append('account-1', [deposited(1)], { transaction });
      throw new Error('not this time');
    });
    await expect(rolledBack).rejects.toThrow('not this time');
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 0, events: 1 }]);
  });

  test('a violated constraint of a read model is a typed error, without the value', async ({
    inlineStore,
  }) => {
    guarantee('inline-errors');
    await using store = await inlineStore([owners]);
    await using runner = createTestRunner(store, [owners]);
    await runner.start();
    await runner.whenCaughtUp(owners);
    await store.append('account-1', [opened], { expectedVersion: 'no-stream' });
    const again = (transaction?: CallerTransaction) =>
      store.append('account-2', [opened], { expectedVersion: 'no-stream', transaction });
    for (const attempt of [() => again(), () => store.db.transaction().execute(again)]) {
      expect(await failureOf(attempt())).toMatchObject({
        code: 'PROJECTION_CONSTRAINT_VIOLATED',
        projection: 'owners',
        version: 1,
        table: 'owner',
        constraint: 'owner_pkey',
      });
    }
    expect(await failureOf(store.append('account-1', [closed]))).toMatchObject({
      code: 'PROJECTION_CONSTRAINT_VIOLATED',
      constraint: 'owner_account_id_not_null',
    });
    // Nothing of it was stored, and the stream can begin.
    await store.append('account-2', [accountEvents.create.opened({ owner: 'Bob' })], {
      expectedVersion: 'no-stream',
    });
    expect(await rowsOf(store, owners)).toEqual([
      { owner: 'Ada', account_id: 'account-1' },
      { owner: 'Bob', account_id: 'account-2' },
    ]);
  });

  test('two concurrent appends that change one row both count, new row or not', async ({
    database,
    inlineStore,
    sameLog,
  }) => {
    guarantee('inline-concurrent-rows');
    await using store = await inlineStore([sums]);
    await using other = sameLog(store, [sums]);
    await using runner = createTestRunner(store, [sums]);
    await runner.start();
    await runner.whenCaughtUp(sums);
    for (const expected of [3, 6]) {
      const second = await store.db.transaction().execute(async (transaction) => {
        await store.append(`account-${expected}-a`, [deposited(1)], { transaction });
        const waiting = other.append(`account-${expected}-b`, [deposited(2)]);
        waiting.catch(() => {});
        await untilBlocked(database.connectionString);
        return { waiting };
      });
      await second.waiting;
      expect(await rowsOf(store, sums)).toEqual([
        { category: 'account', cents: expected, events: (expected / 3) * 2 },
      ]);
    }
  });

  test('fifty concurrent appends to fifty streams that change one row all count', async ({
    inlineStore,
    sameLog,
  }) => {
    await using store = await inlineStore([sums]);
    await using other = sameLog(store, [sums]);
    await using runner = createTestRunner(store, [sums]);
    await runner.start();
    await runner.whenCaughtUp(sums);
    const appends = Array.from({ length: 50 }, (_, n) =>
      (n % 2 === 0 ? store : other).append(`account-${n}`, [deposited(n)]),
    );
    await Promise.all(appends);
    expect(await rowsOf(store, sums)).toEqual([{ category: 'account', cents: 1_225, events: 50 }]);
  });

  test('a new one catches up with a log while appends continue, and has each event once', async ({
    inlineStore,
    sameLog,
  }) => {
    guarantee('inline-history');
    const projections = [inlineJournal, sums];
    await using store = await inlineStore(projections);
    await using other = sameLog(store, projections);
    await createTestRunner(store, []).migrate();
    let appended = 0;
    const append = async (times: number) => {
      for (let n = 0; n < times; n += 1) {
        appended += 1;
        await (n % 2 === 0 ? store : other).append(`account-${appended}`, [deposited(1)]);
      }
    };
    await append(100);
    let going = true;
    const writers = Array.from({ length: 2 }, async () => {
      while (going) await append(10);
    });
    await using runner = createTestRunner(store, projections, { batchSize: 50 });
    await using second = createTestRunner(other, projections, { batchSize: 50 });
    await Promise.all([runner.start(), second.start()]);
    for (const projection of projections) await runner.whenCaughtUp(projection, { timeoutMs: 20_000 });
    await append(10);
    going = false;
    await Promise.all(writers);
    expect(await runner.status()).toMatchObject([{ state: 'inline' }, { state: 'inline' }]);
    expect(await rowsOf(store, journal)).toHaveLength(appended);
    expect(await rowsOf(store, sums)).toEqual([{ category: 'account', cents: appended, events: appended }]);
  });

  test('becoming inline waits for earlier appends, and later appends wait for it', async ({
    database,
    inlineStore,
    sameLog,
  }) => {
    guarantee('inline-history');
    await using store = await inlineStore([inlineJournal]);
    await using other = sameLog(store, [inlineJournal]);
    await using runner = createTestRunner(store, [inlineJournal]);
    await runner.migrate();
    await store.append('account-before', [deposited(1)]);
    const after = await other.db.transaction().execute(async (transaction) => {
      // It has asked which projections it has to apply, while this one was still catching up.
      await other.append('account-held', [deposited(2)], { transaction });
      await runner.start();
      await untilBlocked(database.connectionString);
      const waiting = other.append('account-after', [deposited(3)]);
      waiting.catch(() => {});
      await untilBlocked(database.connectionString, { count: 2 });
      return { waiting };
    });
    await after.waiting;
    await runner.whenCaughtUp(inlineJournal);
    await other.append('account-last', [deposited(4)]);
    expect((await rowsOf(store, journal)).map(({ cents }) => cents)).toEqual([1, 2, 3, 4]);
  });

  test('an append held open delays becoming inline, and others only briefly', async ({
    database,
    inlineStore,
    sameLog,
  }) => {
    await using store = await inlineStore([inlineJournal]);
    await using other = sameLog(store, [inlineJournal]);
    await using runner = createTestRunner(store, [inlineJournal]);
    await runner.migrate();
    await other.db.transaction().execute(async (transaction) => {
      await other.append('account-held', [deposited(1)], { transaction });
      await runner.start();
      await untilBlocked(database.connectionString);
      await other.append('account-2', [deposited(2)]);
      expect(await runner.status()).toMatchObject([{ state: 'running' }]);
    });
    await runner.whenCaughtUp(inlineJournal);
    expect(await rowsOf(store, journal)).toHaveLength(2);
  });

  test('one that is reset while appends continue starts over and has each event once', async ({
    inlineStore,
    sameLog,
  }) => {
    const projections = [inlineJournal, sums];
    await using store = await inlineStore(projections);
    await using other = sameLog(store, projections);
    await using runner = createTestRunner(store, projections, { leaseMs: 300 });
    await runner.start();
    for (const projection of projections) await runner.whenCaughtUp(projection);
    let appended = 0;
    let going = true;
    const writers = [store, other].map(async (writer) => {
      while (going) {
        appended += 1;
        await writer.append(`account-${appended}`, [deposited(1)]);
      }
    });
    const observer = createTestRunner(other, projections);
    for (const projection of projections) {
      await observer.reset(projection);
      await observer.whenCaughtUp(projection, { timeoutMs: 20_000 });
    }
    going = false;
    await Promise.all(writers);
    expect(await rowsOf(store, journal)).toHaveLength(appended);
    expect(await rowsOf(store, sums)).toEqual([{ category: 'account', cents: appended, events: appended }]);
  });

  test('one that is defined as async later is async after a reset', async ({ inlineStore }) => {
    await using store = await inlineStore([inlineJournal]);
    await using runner = createTestRunner(store, [inlineJournal]);
    await runner.start();
    await runner.whenCaughtUp(inlineJournal);
    await store.append('account-1', [deposited(1)]);
    await runner.stop();

    await using changed = createTestRunner(store, [journal]);
    await changed.reset(journal);
    await changed.start();
    // This store still has the hook, which finds that it must not apply the projection any more.
    await store.append('account-1', [deposited(2)]);
    await changed.whenCaughtUp(journal);
    expect(await rowsOf(store, journal)).toHaveLength(2);
  });

  test('a runner refuses one that the store’s appends would not apply', async ({ database, inlineStore }) => {
    await using without = await freshStore(database);
    const hook = inlineProjections([inlineBalances], { schema: 'elsewhere' });
    await using elsewhere = openStore(database.connectionString, { schema: without.schema, inline: hook });
    for (const store of [without, elsewhere]) {
      expect(() => createTestRunner(store, [inlineBalances])).toThrow(
        expect.objectContaining({
          code: 'PROJECTION_MODE_MISMATCH',
          message: expect.stringContaining('"balances" is inline, and appends of this store do not apply it'),
        }),
      );
    }
    await using another = await inlineStore([inlineJournal]);
    expect(() => createTestRunner(another, [{ ...inlineJournal, version: 2 }])).toThrow('do not apply it');
  });

  test('an append fails with a typed error when the projections were not migrated', async ({
    inlineStore,
  }) => {
    await using store = await inlineStore([inlineJournal]);
    expect(await failureOf(store.append('account-1', [deposited(1)]))).toMatchObject({
      code: 'SCHEMA_NOT_MIGRATED',
      message: expect.stringContaining('migrate()'),
    });
    await store.append('account-1', [closed]);
  });

  test('one that fails while it catches up stops, and appends continue without it', async ({
    inlineStore,
  }) => {
    await using store = await inlineStore([owners]);
    await createTestRunner(store, [owners]).migrate();
    await store.append('account-1', [opened]);
    await store.append('account-2', [opened]);
    await using runner = createTestRunner(store, [owners]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(owners))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      position: 2,
    });
    await store.append('account-3', [opened]);
    const table = sql.id(projectionSchema(store.schema, owners), 'owner');
    expect(await rowsOf(store, owners)).toHaveLength(1);
    await sql`delete from ${table}`.execute(store.db);
  });

  test('plugins of the caller’s kysely do not change how they are written', async ({ inlineStore }) => {
    const totals = defineTableProjection({
      name: 'totals',
      mode: 'inline',
      events: [accountEvents],
      columns: { account_id: 'text', total_cents: 'bigint' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { total_cents: 0 },
      evolve: {
        'account.deposited': (row, { data }) => ({ ...row, total_cents: row.total_cents + data.cents }),
      },
    });
    await using store = await inlineStore([totals]);
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await runner.whenCaughtUp(totals);
    const { events } = await store.append('account-1', [deposited(1)]);
    const hook = inlineProjections([totals], { schema: store.schema });
    const own = store.db.withPlugin(new CamelCasePlugin());
    await own.transaction().execute((transaction) => hook.apply(transaction, events));
    expect(await rowsOf(store, totals)).toEqual([{ account_id: 'account-1', total_cents: 2 }]);
  });
});
