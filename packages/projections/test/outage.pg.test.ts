import { defineProjection } from '@leftfold/core';
import { createTestDatabase, until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accountEvents,
  balances,
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
import { Proxy } from './proxy.ts';
import type { SubscriptionIncident } from '../src/index.ts';

// A rejection or an error event that nobody handles fails the run of these tests: that is part of what they hold.
describe('when the database goes down', () => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test('a runner keeps trying, and goes on by itself when the database is back; nothing is lost or repeated', async () => {
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const outages: unknown[] = [];
    const runner = createTestRunner(store, [balances, journal], {
      leaseMs: 300,
      batchSize: 3,
      onError: ({ error, stopped }) => {
        expect(stopped).toBe(false);
        outages.push(error);
      },
    });
    await runner.start();
    for (let round = 0; round < 3; round += 1) {
      const appending = (async () => {
        for (let n = 0; n < 60; n += 1) await direct.append(`account-${n % 5}`, [deposited({ cents: 1 })]);
      })();
      await proxy.cut();
      const before = outages.length;
      await until(() => outages.length > before + 5, { message: 'the runner to notice' });
      await appending;
      await proxy.restore();
      await runner
        .whenCaughtUp(journal, { timeoutMs: 20_000 })
        .catch(() => runner.whenCaughtUp(journal, { timeoutMs: 20_000 }));
      await runner.whenCaughtUp(balances, { timeoutMs: 20_000 });
    }
    expect(await rowsOf(direct, journal)).toHaveLength(180);
    expect(await rowsOf(direct, balances)).toMatchObject(
      Array.from({ length: 5 }, () => ({ cents: 36, events: 36 })),
    );
    await runner.stop();
    await store.close();
  });

  test('a handler that was just doing something else fails and is run again', async () => {
    const gate = new Gate();
    let calls = 0;
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
      on: {
        'account.opened': async (tx, { position }) => {
          calls += 1;
          if (calls === 1) await gate.pass();
          await tx.insertInto('entry').values({ position }).execute();
        },
      },
    });
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const runner = createTestRunner(store, [held], { leaseMs: 300 });
    await runner.start();
    await direct.append('account-1', [opened({ owner: 'x' })]);
    await gate.reachedBySomebody();
    await proxy.cut();
    await proxy.restore();
    gate.open();
    const onlooker = createTestRunner(direct, [held]);
    await onlooker.waitFor(held, 1);
    expect(calls).toBe(2);
    expect(await rowsOf(direct, held)).toEqual([{ position: 1 }]);
    await runner.stop();
    await store.close();
  });

  test('a batch whose answer is lost is not applied a second time, nor forgotten', async () => {
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    // Only the batch writes the checkpoint then: the lease need not be renewed.
    const runner = createTestRunner(store, [balances], { leaseMs: 60_000 });
    await runner.start();
    const onlooker = createTestRunner(direct, [balances]);
    for (let round = 1; round <= 3; round += 1) {
      const first = await direct.append('account-1', [deposited({ cents: 1 })]);
      await onlooker.waitFor(balances, first.position, { timeoutMs: 20_000 });
      await direct.db.transaction().execute(async (tx) => {
        // Holds the batch's one statement until its answer can be kept from the runner.
        await sql`select from ${sql.id(direct.schema, 'checkpoints')} for update`.execute(tx);
        await direct.append('account-1', [deposited({ cents: 10 })]);
        await untilBlocked(database.connectionString);
        proxy.mute();
      });
      await onlooker.waitFor(balances, first.position + 1);
      await proxy.cut();
      await proxy.restore();
      const last = await direct.append('account-1', [deposited({ cents: 100 })]);
      await onlooker.waitFor(balances, last.position, { timeoutMs: 20_000 });
      expect(await rowsOf(direct, balances)).toMatchObject([{ cents: 111 * round, events: 3 * round }]);
    }
    await runner.stop();
    await store.close();
  });

  test('however often it goes down during one event, the projection does not stop', async () => {
    let gate = new Gate();
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: {},
      on: {
        'account.opened': async (tx) => {
          await gate.pass();
          await sql`select 1`.execute(tx);
        },
      },
    });
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const problems: boolean[] = [];
    const onError = ({ stopped }: SubscriptionIncident) => problems.push(stopped);
    const runner = createTestRunner(store, [held], { leaseMs: 60_000, onError });
    await runner.start();
    await direct.append('account-1', [opened({ owner: 'x' })]);
    for (let round = 0; round < 5; round += 1) {
      await gate.reachedBySomebody();
      const before = problems.length;
      await proxy.cut();
      gate.open();
      await until(() => problems.length > before + 1, { message: 'the runner to notice' });
      gate = new Gate();
      await proxy.restore();
    }
    gate.open();
    const onlooker = createTestRunner(direct, [held]);
    await onlooker.waitFor(held, 1);
    expect(problems).not.toContain(true);
    await runner.stop();
    await store.close();
  });

  test('a runner can be stopped, and whoever waits is told', async () => {
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const runner = createTestRunner(store, [balances], { leaseMs: 300 });
    await runner.start();
    await proxy.cut();
    const waiting = failureOf(runner.waitFor(balances, 10, { timeoutMs: 60_000 }));
    expect(await failureOf(runner.waitFor(balances, 10, { timeoutMs: 50 }))).toMatchObject({
      code: 'PROJECTION_TIMEOUT',
    });
    await runner.stop();
    expect(await waiting).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await failureOf(runner.status())).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await store.close();
  });

  test('a start fails with a typed error', async () => {
    await using proxy = await Proxy.open(database.connectionString);
    await proxy.cut();
    const store = openStore(proxy.connectionString);
    const runner = createTestRunner(store, [balances]);
    expect(await failureOf(runner.start())).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    await runner.stop();
    await store.close();
  });

  test('sessions that an operator ends are replaced', async () => {
    await using store = await freshStore(database);
    await using operator = openStore(database.connectionString, { schema: store.schema, listen: false });
    await using runner = createTestRunner(store, [balances, journal], { leaseMs: 300 });
    await runner.start();
    for (let round = 0; round < 10; round += 1) {
      await operator.pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
      for (let n = 0; n < 5; n += 1) await operator.append(`account-${n}`, [deposited({ cents: 1 })]);
    }
    const onlooker = createTestRunner(operator, [journal, balances]);
    await onlooker.waitFor(journal, 50);
    await onlooker.waitFor(balances, 50);
    expect(await rowsOf(operator, journal)).toHaveLength(50);
    expect(await rowsOf(operator, balances)).toMatchObject(
      Array.from({ length: 5 }, () => ({ cents: 10, events: 10 })),
    );
  });
});
