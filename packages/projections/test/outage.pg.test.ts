import { balances, deposited, journal } from '@leftfold/testbed/bank';
import { TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { tokenAt } from '@leftfold/testbed/outcome';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, openStore, rowsOf } from './runner.ts';

// A rejection or an error event without a handler fails the run of these tests: that is part of what they verify.
describe('when the database goes down', () => {
  test('a runner retries until the database is back; nothing is lost or repeated', async ({ database }) => {
    guarantee('outages');
    await using direct = await freshStore(database);
    await using proxy = await TcpProxy.start(database.connectionString);
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
        for (let n = 0; n < 60; n += 1) await direct.append(`account-${n % 5}`, [deposited(1)]);
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

  test('a batch whose answer is lost is neither applied twice nor lost', async ({ database }) => {
    guarantee('outages');
    await using direct = await freshStore(database);
    await using proxy = await TcpProxy.start(database.connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    // The lease is not renewed during the test: only the batch writes the row.
    const runner = createTestRunner(store, [balances], { leaseMs: 60_000 });
    await runner.start();
    const observer = createTestRunner(direct, [balances]);
    for (let round = 1; round <= 3; round += 1) {
      const first = await direct.append('account-1', [deposited(1)]);
      await observer.waitFor(balances, await tokenAt(direct, first.position), { timeoutMs: 20_000 });
      await direct.db.transaction().execute(async (tx) => {
        // Blocks the batch's one statement until the proxy drops its answer.
        await sql`select from ${sql.id(direct.schema, 'subscriptions')} for update`.execute(tx);
        await direct.append('account-1', [deposited(10)]);
        await untilBlocked(database.connectionString);
        proxy.loseAnswers();
      });
      await observer.waitFor(balances, await tokenAt(direct, first.position + 1));
      await proxy.cut();
      await proxy.restore();
      const last = await direct.append('account-1', [deposited(100)]);
      await observer.waitFor(balances, await tokenAt(direct, last.position), { timeoutMs: 20_000 });
      expect(await rowsOf(direct, balances)).toMatchObject([{ cents: 111 * round, events: 3 * round }]);
    }
    await runner.stop();
    await store.close();
  });
});
