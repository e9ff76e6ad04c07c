import { createTestDatabase, until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  balances,
  createTestRunner,
  type Database,
  deposited,
  freshStore,
  journal,
  openStore,
  rowsOf,
} from './bank.ts';
import { Proxy } from './proxy.ts';

// A rejection or an error event without a handler fails the run of these tests: that is part of what they verify.
describe('when the database goes down', () => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test('a runner retries until the database is back; nothing is lost or repeated', async () => {
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const outages: unknown[] = [];
    const runner = createTestRunner(store, [balances, journal], {
      leaseMs: 300,
      batchSize: 3,
      onIncident: ({ error, stopped }) => {
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

  test('a batch whose answer is lost is neither applied twice nor lost', async () => {
    await using direct = await freshStore(database);
    await using proxy = await Proxy.open(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    // The lease is not renewed during the test: only the batch writes the row.
    const runner = createTestRunner(store, [balances], { leaseMs: 60_000 });
    await runner.start();
    const observer = createTestRunner(direct, [balances]);
    for (let round = 1; round <= 3; round += 1) {
      const first = await direct.append('account-1', [deposited({ cents: 1 })]);
      await observer.waitFor(balances, first.position, { timeoutMs: 20_000 });
      await direct.db.transaction().execute(async (tx) => {
        // Blocks the batch's one statement until the proxy drops its answer.
        await sql`select from ${sql.id(direct.schema, 'subscriptions')} for update`.execute(tx);
        await direct.append('account-1', [deposited({ cents: 10 })]);
        await untilBlocked(database.connectionString);
        proxy.mute();
      });
      await observer.waitFor(balances, first.position + 1);
      await proxy.cut();
      await proxy.restore();
      const last = await direct.append('account-1', [deposited({ cents: 100 })]);
      await observer.waitFor(balances, last.position, { timeoutMs: 20_000 });
      expect(await rowsOf(direct, balances)).toMatchObject([{ cents: 111 * round, events: 3 * round }]);
    }
    await runner.stop();
    await store.close();
  });
});
