import { defineProjection, defineTableProjection } from '@leftfold/core';
import { createTestDatabase, until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  accountEvents,
  auditEvents,
  balances,
  closed,
  createTestRunner,
  type Database,
  deposited,
  failureOf,
  freshStore,
  Gate,
  journal,
  opened,
  openStore,
  rowsOf,
} from './bank.ts';

describe('projections', () => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test('a table projection has one row for each key, and none for a deleted one', async () => {
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await store.append('account-ada', [opened({ owner: 'Ada' }), deposited({ cents: 5 })]);
    const { position } = await store.append('account-bob', [opened({ owner: 'Bob' })]);
    await runner.waitFor(balances, position);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: 'Ada', cents: 5, events: 2 },
      { account_id: 'account-bob', owner: 'Bob', cents: 0, events: 1 },
    ]);

    await store.append('account-ada', [deposited({ cents: 7 })]);
    const last = await store.append('account-bob', [deposited({ cents: 1 }), closed({})]);
    await runner.waitFor(balances, last.position);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: 'Ada', cents: 12, events: 3 },
    ]);
  });

  test('a row that was deleted begins anew, whether it is remembered or read again', async () => {
    for (const cachedRows of [0, 100]) {
      await using store = await freshStore(database);
      await using runner = createTestRunner(store, [balances], { cachedRows });
      await runner.start();
      const steps = [
        [opened({ owner: 'Ada' }), deposited({ cents: 5 })],
        [closed({})],
        [deposited({ cents: 2 })],
      ];
      for (const events of steps) {
        const { position } = await store.append('account-ada', events);
        await runner.waitFor(balances, position);
      }
      expect(await rowsOf(store, balances)).toEqual([
        { account_id: 'account-ada', owner: '', cents: 2, events: 1 },
      ]);
    }
  });

  test('overlapping batches give what one fold gives, whatever of the rows is remembered', async () => {
    await using store = await freshStore(database);
    const accounts = 7;
    const expected = new Map<string, { cents: number; events: number }>();
    for (let n = 0; n < 300; n += 1) {
      const streamId = `account-${(n * n) % accounts}`;
      const row = expected.get(streamId) ?? { cents: 0, events: 0 };
      if (n % 11 === 10) expected.delete(streamId);
      else expected.set(streamId, { cents: row.cents + n, events: row.events + 1 });
      await store.append(streamId, [n % 11 === 10 ? closed({}) : deposited({ cents: n })]);
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

  test('handlers write with a transaction in which their tables need no schema', async () => {
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [journal]);
    await runner.start();
    await store.append('account-ada', [
      opened({ owner: 'Ada' }),
      deposited({ cents: 5 }),
      deposited({ cents: 6 }),
    ]);
    await runner.whenCaughtUp(journal);
    expect(await rowsOf(store, journal)).toEqual([
      { position: 2, cents: 5 },
      { position: 3, cents: 6 },
    ]);
  });

  test('a batch handler gets every event once, in the order of the log', async () => {
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
    await using store = await freshStore(database);
    for (let n = 0; n < 25; n += 1)
      await store.append(`account-${n}`, [opened({ owner: 'x' }), deposited({ cents: n })]);
    await using runner = createTestRunner(store, [batches], { batchSize: 7 });
    await runner.start();
    await runner.whenCaughtUp(batches);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await rowsOf(store, batches)).toEqual([{ id: 1, cents: 300 }]);
  });

  test('a projection that reads few event types advances past all others', async () => {
    const notes = defineTableProjection({
      name: 'notes',
      events: [auditEvents],
      columns: { id: 'bigint', note: 'text' },
      key: ({ position }) => ({ id: position }),
      initialRow: { note: '' },
      evolve: { 'audit.noted': (row, { data }) => ({ ...row, note: data.note }) },
    });
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [notes], { batchSize: 3 });
    await runner.start();
    await store.append('audit-1', [auditEvents.create.noted({ note: 'first' })]);
    await store.append('account-1', [
      opened({ owner: 'x' }),
      ...Array.from({ length: 20 }, () => deposited({ cents: 1 })),
    ]);
    await runner.waitFor(notes, 22);
    expect(await runner.status()).toMatchObject([{ name: 'notes', position: 22, lag: 0, state: 'running' }]);
    // Nothing at all that it reads.
    const { position } = await store.append('account-1', [deposited({ cents: 1 })]);
    await runner.waitFor(notes, position);
    expect(await rowsOf(store, notes)).toEqual([{ id: 1, note: 'first' }]);
  });

  test('a runner that is started again goes on where the checkpoint is', async () => {
    await using store = await freshStore(database);
    for (const cents of [1, 2, 3]) {
      await using runner = createTestRunner(store, [journal, balances]);
      await runner.start();
      await store.append('account-ada', [deposited({ cents })]);
      await runner.whenCaughtUp(journal);
      await runner.whenCaughtUp(balances);
    }
    expect(await rowsOf(store, journal)).toHaveLength(3);
    expect(await rowsOf(store, balances)).toEqual([
      { account_id: 'account-ada', owner: '', cents: 6, events: 3 },
    ]);
  });

  test('a stop lets the batch in flight end, and gives the lease to the next runner at once', async () => {
    const gate = new Gate();
    const slow = defineProjection({
      name: 'slow',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
      on: {
        'account.opened': async (tx, { position }) => {
          await gate.pass();
          await tx.insertInto('entry').values({ position }).execute();
        },
      },
    });
    await using store = await freshStore(database);
    const first = createTestRunner(store, [slow], { leaseMs: 60_000 });
    await first.start();
    await store.append('account-1', [opened({ owner: 'x' })]);
    await gate.reachedBySomebody();
    const stopped = first.stop();
    gate.open();
    await stopped;
    expect(await rowsOf(store, slow)).toEqual([{ position: 1 }]);

    await using second = createTestRunner(store, [slow], { leaseMs: 60_000 });
    await second.start();
    await store.append('account-2', [opened({ owner: 'x' })]);
    await second.waitFor(slow, 2);
    expect(await rowsOf(store, slow)).toEqual([{ position: 1 }, { position: 2 }]);
  });

  test('an append that is held open delays what comes after it and loses nothing; settled events are applied meanwhile', async () => {
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [journal]);
    await runner.start();
    const before = await store.append('account-before', [deposited({ cents: 1 })]);
    await store.db.transaction().execute(async (transaction) => {
      await store.append('account-held', [deposited({ cents: 2 })], { transaction });
      const after = await store.append('account-after', [deposited({ cents: 3 })]);
      await runner.waitFor(journal, before.position);
      expect(await failureOf(runner.waitFor(journal, after.position, { timeoutMs: 100 }))).toMatchObject({
        code: 'PROJECTION_TIMEOUT',
      });
      expect(await rowsOf(store, journal)).toEqual([{ position: 1, cents: 1 }]);
    });
    await runner.waitFor(journal, 3);
    expect((await rowsOf(store, journal)).map(({ cents }) => cents)).toEqual([1, 2, 3]);
  });

  test('a projection held up by its handler holds up no other one', async () => {
    const gate = new Gate();
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: {},
      on: { 'account.opened': () => gate.pass() },
    });
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [held, balances]);
    await runner.start();
    const { position } = await store.append('account-1', [opened({ owner: 'x' })]);
    await gate.reachedBySomebody();
    await runner.waitFor(balances, position);
    expect(await rowsOf(store, balances)).toHaveLength(1);
    gate.open();
    await runner.waitFor(held, position);
  });

  test('many projections keep up on a pool of one connection', async () => {
    const store = await freshStore(database, { maxConnections: 1 });
    const copies = ['one', 'two', 'three'].map((name) => ({ ...balances, name }));
    const runner = createTestRunner(store, [...copies, journal], { leaseMs: 500 });
    await runner.start();
    for (let n = 0; n < 200; n += 1) await store.append(`account-${n % 10}`, [deposited({ cents: 1 })]);
    for (const projection of [...copies, journal])
      await runner.whenCaughtUp(projection, { timeoutMs: 10_000 });
    expect(await rowsOf(store, journal)).toHaveLength(200);
    await runner.stop();
    await store.close();
  });

  test('twenty idle projections ask the database no more than one does, and warn of nothing', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.off('warning', onWarning);
    });
    await using store = await freshStore(database);
    const projections = Array.from({ length: 20 }, (_, n) => ({ ...balances, name: `balances_${n}` }));
    await using runner = createTestRunner(store, projections, { leaseMs: 600 });
    await runner.start();
    const { position } = await store.append('account-1', [deposited({ cents: 1 })]);
    await Promise.all(projections.map((projection) => runner.waitFor(projection, position)));

    let asked = 0;
    store.pool.on('acquire', () => {
      asked += 1;
    });
    const leaseEnd = async () => {
      const checkpoints = sql.id(store.schema, 'checkpoints');
      const { rows } = await sql<{
        end: string;
      }>`select min(lease_until)::text as end from ${checkpoints}`.execute(store.db);
      asked -= 1;
      return rows[0]?.end;
    };
    for (let renewals = 0; renewals < 5; renewals += 1) {
      const before = await leaseEnd();
      await until(async () => (await leaseEnd()) !== before);
    }
    // Five looks at the leases of two statements each, and now and then one at the log.
    expect(asked).toBeLessThan(20);
    expect(warnings).toEqual([]);
  });

  test('waiting ends with a typed error when the time is over, the signal aborts, or the name is unknown', async () => {
    await using store = await freshStore(database);
    const runner = createTestRunner(store, [journal]);
    await runner.migrate();
    const { position } = await store.append('account-1', [deposited({ cents: 1 })]);

    expect(await failureOf(runner.waitFor(journal, position, { timeoutMs: 30 }))).toMatchObject({
      code: 'PROJECTION_TIMEOUT',
      retryable: true,
      projection: 'journal',
      wanted: 1,
      reached: 0,
    });
    const reason = new Error('enough');
    expect(await failureOf(runner.waitFor(journal, position, { signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
    const controller = new AbortController();
    const waiting = failureOf(runner.waitFor('journal', position, { signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    expect(await failureOf(runner.waitFor('other', 1))).toMatchObject({ code: 'PROJECTION_NOT_FOUND' });

    const unfinished = failureOf(runner.whenCaughtUp(journal));
    await runner.stop();
    expect(await unfinished).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  test('a projection that nobody migrated is said to be missing', async () => {
    await using store = await freshStore(database);
    await createTestRunner(store, []).migrate();
    const runner = createTestRunner(store, [journal]);
    expect(await runner.status()).toMatchObject([{ name: 'journal', state: 'missing', position: 0 }]);
    expect(await failureOf(runner.waitFor(journal, 1))).toMatchObject({ code: 'PROJECTION_NOT_FOUND' });
    expect(await failureOf(runner.reset(journal))).toMatchObject({ code: 'PROJECTION_NOT_FOUND' });
    expect(await failureOf(runner.resume(journal))).toMatchObject({ code: 'PROJECTION_NOT_FOUND' });
  });

  test('a process that applies nothing can wait for the runner of another', async () => {
    await using store = await freshStore(database);
    await using elsewhere = openStore(database.connectionString, { schema: store.schema });
    await using worker = createTestRunner(elsewhere, [journal]);
    await worker.start();
    const onlooker = createTestRunner(store, [journal]);
    const { position } = await store.append('account-1', [deposited({ cents: 1 })]);
    await onlooker.waitFor(journal, position);
    expect(await rowsOf(store, journal)).toHaveLength(1);
    expect(await onlooker.status()).toMatchObject([{ name: 'journal', state: 'running', position, lag: 0 }]);
  });

  test('a runner whose store is closed before it comes to its end by itself, without a word', async () => {
    const store = await freshStore(database);
    const problems: unknown[] = [];
    const runner = createTestRunner(store, [journal, balances], {
      leaseMs: 300,
      onError: (problem) => problems.push(problem),
    });
    await runner.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await runner.whenCaughtUp(journal);
    const waiting = failureOf(runner.waitFor(journal, 1_000_000, { timeoutMs: Number.POSITIVE_INFINITY }));
    await store.close();
    expect(await waiting).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await runner.stop();
    expect(problems).toEqual([]);
  });

  test('two projections of one name are refused, and so is a second start', async () => {
    await using store = await freshStore(database);
    expect(() => createTestRunner(store, [journal, journal])).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_DEFINITION' }),
    );
    await using runner = createTestRunner(store, [journal]);
    await runner.start();
    await expect(runner.start()).rejects.toThrow(TypeError);
  });
});
