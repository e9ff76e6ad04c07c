import { defineEvents, defineProjection, defineTableProjection, schemaVersions } from '@leftfold/core';
import { createTestDatabase, until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { projectionSchema, type SubscriptionIncident } from '../src/index.ts';
import {
  accountEvents,
  balances,
  createTestRunner,
  type Database,
  deposited,
  failureOf,
  freshStore,
  journal,
  opened,
  openStore,
  rowsOf,
} from './bank.ts';

const poison = 13;

/** Fails at the deposit of 13 cents until it is mended. */
function brittle() {
  const state = { mended: false, calls: 0 };
  const projection = defineProjection({
    name: 'brittle',
    events: [accountEvents],
    tables: { entry: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] } },
    on: {
      'account.deposited': async (tx, { position, data }) => {
        await tx.insertInto('entry').values({ position, cents: data.cents }).execute();
        if (data.cents !== poison || state.mended) return;
        state.calls += 1;
        throw new Error('thirteen brings bad luck');
      },
    },
  });
  return { projection, state };
}

const deposits = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => deposited({ cents: from + index }));

describe('a projection that fails', () => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test('is tried again, then stops and says at which event and why; what came before is applied, nothing after it', async () => {
    const { projection, state } = brittle();
    const problems: SubscriptionIncident[] = [];
    await using store = await freshStore(database);
    await store.append('account-1', deposits(1, 40));
    await using runner = createTestRunner(store, [projection], {
      onError: (problem) => problems.push(problem),
    });
    await runner.start();
    const failure = await failureOf(runner.whenCaughtUp(projection));

    expect(failure).toMatchObject({
      code: 'PROJECTION_FAILED',
      projection: 'brittle',
      position: poison,
      eventType: 'account.deposited',
      cause: expect.objectContaining({ message: 'thirteen brings bad luck' }),
    });
    // Once in a batch, once as the first of a smaller one, then three times alone.
    expect(state.calls).toBe(5);
    expect(problems.filter(({ stopped }) => stopped)).toEqual([
      { projection: 'brittle', error: failure, stopped: true },
    ]);
    expect((await rowsOf(store, projection)).map(({ cents }) => cents)).toEqual(
      Array.from({ length: poison - 1 }, (_, index) => index + 1),
    );
    expect(await runner.status()).toMatchObject([
      {
        name: 'brittle',
        state: 'stopped',
        position: poison - 1,
        lag: 40 - poison + 1,
        failure: { position: poison, type: 'account.deposited', message: 'thirteen brings bad luck' },
      },
    ]);
  });

  test('fails whoever waits for it in another process, and goes on there where it stopped once it is restarted', async () => {
    const { projection, state } = brittle();
    await using store = await freshStore(database);
    await using elsewhere = openStore(database.connectionString, { schema: store.schema });
    await store.append('account-1', deposits(1, 20));
    await using runner = createTestRunner(store, [projection], { leaseMs: 300 });
    const onlooker = createTestRunner(elsewhere, [projection]);
    await onlooker.migrate();
    const waiting = failureOf(onlooker.waitFor(projection, 20));
    await runner.start();
    expect(await waiting).toMatchObject({
      code: 'PROJECTION_FAILED',
      position: poison,
      eventType: 'account.deposited',
      message: expect.stringContaining('thirteen brings bad luck'),
    });
    // What it did reach is there.
    await onlooker.waitFor(projection, poison - 1);
    expect(await failureOf(onlooker.waitFor(projection, poison))).toMatchObject({
      code: 'PROJECTION_FAILED',
    });

    state.mended = true;
    await onlooker.resume(projection);
    await onlooker.waitFor(projection, 20);
    expect(await rowsOf(store, projection)).toHaveLength(20);
    expect(await runner.status()).toMatchObject([{ state: 'running', failure: undefined }]);
  });

  test('stays stopped when the runner is started again', async () => {
    const { projection, state } = brittle();
    await using store = await freshStore(database);
    await store.append('account-1', deposits(poison, poison));
    for (const round of [1, 2]) {
      await using runner = createTestRunner(store, [projection, journal], { leaseMs: 300 });
      await runner.start();
      expect(await failureOf(runner.whenCaughtUp(projection)), `round ${round}`).toMatchObject({
        position: 1,
      });
      // It has had its turn when another one, whose lease is taken after its, has had one.
      await store.append('account-2', deposits(1, 1));
      await runner.whenCaughtUp(journal);
      await runner.stop();
      expect(state.calls).toBe(3);
    }
  });

  test('once, and then succeeds, has applied everything once', async () => {
    const { projection, state } = brittle();
    await using store = await freshStore(database);
    await store.append('account-1', deposits(1, 40));
    await using runner = createTestRunner(store, [projection], {
      onError: () => {
        state.mended = true;
      },
    });
    await runner.start();
    await runner.whenCaughtUp(projection);
    expect(await rowsOf(store, projection)).toHaveLength(40);
  });

  test('does not hold up the others', async () => {
    const { projection } = brittle();
    await using store = await freshStore(database);
    await store.append('account-1', deposits(1, 40));
    await using runner = createTestRunner(store, [projection, journal]);
    await runner.start();
    await runner.whenCaughtUp(journal);
    expect(await rowsOf(store, journal)).toHaveLength(40);
    await failureOf(runner.whenCaughtUp(projection));
  });

  test('in evolve stops at that event', async () => {
    const table = defineTableProjection({
      name: 'fragile',
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'bigint' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: {
        'account.deposited': (row, { data }) => {
          if (data.cents === poison) throw new Error('thirteen brings bad luck');
          return { ...row, cents: row.cents + data.cents };
        },
      },
    });
    await using store = await freshStore(database);
    await store.append('account-1', deposits(1, 40));
    await using runner = createTestRunner(store, [table]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(table))).toMatchObject({
      position: poison,
      eventType: 'account.deposited',
    });
    expect(await rowsOf(store, table)).toEqual([{ account_id: 'account-1', cents: 78 }]);
  });

  test('because Postgres refuses a row stops at the event that made it', async () => {
    const table = defineTableProjection({
      name: 'narrow',
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'integer' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
    });
    await using store = await freshStore(database);
    const beyondInteger = 2 ** 31;
    for (const cents of [1, 2, 3, beyondInteger, 4, 5])
      await store.append('account-1', [deposited({ cents })]);
    await using runner = createTestRunner(store, [table]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(table))).toMatchObject({
      position: 4,
      eventType: 'account.deposited',
      cause: expect.objectContaining({ code: '22003' }),
    });
    expect(await rowsOf(store, table)).toEqual([{ account_id: 'account-1', cents: 6 }]);
  });

  test('because Postgres refuses a row for a while folds it anew, not on top of what was refused', async () => {
    await using store = await freshStore(database);
    let problems = 0;
    await using runner = createTestRunner(store, [balances], {
      retry: { attempts: 1_000, firstDelayMs: 1, maxDelayMs: 5 },
      onError: () => {
        problems += 1;
      },
    });
    await runner.start();
    const first = await store.append('account-1', [deposited({ cents: 1 })]);
    await runner.waitFor(balances, first.position);
    const table = sql.id(projectionSchema(store.schema, balances), 'balances');
    await sql`alter table ${table} add constraint poor check (cents < 10)`.execute(store.db);
    await store.append('account-1', [deposited({ cents: 10 })]);
    await until(() => problems > 3, { message: 'the row to be refused' });
    await sql`alter table ${table} drop constraint poor`.execute(store.db);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 11, events: 2 }]);
  });

  test('because a stored event cannot be read stops before it', async () => {
    const v1 = z.object({ cents: z.int() });
    const before = defineEvents('payment', { made: v1 });
    const after = defineEvents('payment', {
      made: schemaVersions(v1).next(z.object({ euro: z.number() }), ({ cents }) => {
        if (cents === poison) throw new Error('thirteen brings bad luck');
        return { euro: cents / 100 };
      }),
    });
    const payments = defineTableProjection({
      name: 'payments',
      events: [after],
      columns: { id: 'bigint', euro: 'double precision' },
      key: ({ position }) => ({ id: position }),
      initialRow: { euro: 0 },
      evolve: { 'payment.made': (row, { data }) => ({ ...row, euro: data.euro }) },
    });
    await using old = await freshStore(database, { events: [before] });
    await old.append(
      'payment-1',
      [1, 2, poison, 4].map((cents) => before.create.made({ cents })),
    );
    await using store = openStore(database.connectionString, { schema: old.schema, events: [after] });
    await using runner = createTestRunner(store, [payments]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(payments))).toMatchObject({
      code: 'PROJECTION_FAILED',
      projection: 'payments',
    });
    expect(await rowsOf(store, payments)).toMatchObject([{ euro: 0.01 }, { euro: 0.02 }]);
    expect(await runner.status()).toMatchObject([{ state: 'stopped', position: 2 }]);
  });

  test('because a handler hid the failure of its own statement stops all the same', async () => {
    const hiding = defineProjection({
      name: 'hiding',
      events: [accountEvents],
      tables: {},
      on: { 'account.opened': (tx) => sql`select 1/0`.execute(tx).catch(() => {}) },
    });
    await using store = await freshStore(database);
    await store.append('account-1', [opened({ owner: 'x' })]);
    await using runner = createTestRunner(store, [hiding]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(hiding))).toMatchObject({ position: 1 });
  });

  test('with an error callback that throws goes on all the same', async () => {
    const { projection } = brittle();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    await using store = await freshStore(database);
    await store.append('account-1', deposits(1, 20));
    await using runner = createTestRunner(store, [projection, journal], {
      onError: () => {
        throw new Error('the callback is broken');
      },
    });
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(projection))).toMatchObject({ position: poison });
    expect(warned).toHaveBeenCalledWith(expect.objectContaining({ message: 'the callback is broken' }));
    await runner.whenCaughtUp(journal);
  });

  test('says so as a warning of the process when nobody else listens', async () => {
    const { projection } = brittle();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    await using store = await freshStore(database);
    await store.append('account-1', deposits(poison, poison));
    await using runner = createTestRunner(store, [projection], { onError: undefined });
    await runner.start();
    const failure = await failureOf(runner.whenCaughtUp(projection));
    expect(failure).toMatchObject({ name: 'ProjectionFailedError' });
    await until(() => warned.mock.calls.length > 0);
    expect(warned).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'PROJECTION_FAILED', projection: 'brittle' }),
    );
  });

  test('because its table is gone goes on when the table is back and it is restarted', async () => {
    await using store = await freshStore(database);
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
