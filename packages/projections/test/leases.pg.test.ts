import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, deposited, journal } from '@leftfold/testbed/bank';
import { expireLeases, killProcess, typescriptFlags, takeOver } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { tokenAt } from '@leftfold/testbed/outcome';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore, rowsOf } from './runner.ts';

/** Longer than any test: its owner neither renews it nor notices that it is lost while the test runs. */
const LONG_LEASE_MS = 60_000;
/** Looked at, and renewed, every 500 ms: also by a process that a busy machine gives little time. */
const SHORT_LEASE_MS = 1_500;
/** Of those that lose it all the time. */
const MOVING_LEASE_MS = 300;

describe('leases', () => {
  const ownerOf = async (store: PostgresEventStore, name: string) => {
    const { rows } = await sql<{ owner: string | null }>`
      select owner from ${sql.id(store.schema, 'subscriptions')} where name = ${name}`.execute(store.db);
    return rows[0]?.owner?.split('/')[0];
  };

  test('a table projection that lost its lease does not write the rows it has in memory', async ({
    database,
    adminStore: store,
  }) => {
    guarantee('applied-once');
    await using other = openStore(database.connectionString, { schema: store.schema });
    await using first = createTestRunner(store, [balances], { owner: 'first', leaseMs: LONG_LEASE_MS });
    const second = createTestRunner(other, [balances], { owner: 'second', leaseMs: SHORT_LEASE_MS });
    await first.start();
    await store.append('account-1', [deposited(1)]);
    await first.whenCaughtUp(balances);

    await second.start();
    const isSecond = until(async () => (await ownerOf(store, 'balances')) === 'second');
    await takeOver(store, { name: 'balances', owner: 'second' }, isSecond);
    // Both runners read these events, and the first one has the row in memory as it was before them.
    for (const cents of [10, 100, 1_000]) {
      const { position } = await store.append('account-1', [deposited(cents)]);
      await second.waitFor(balances, await tokenAt(store, position));
    }
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1_111, events: 4 }]);

    // The first one noticed at its first rejected write, long before it would have checked its lease.
    await second.stop();
    await first.resume(balances);
    await until(async () => (await ownerOf(store, 'balances')) === 'first');
    const { position } = await store.append('account-1', [deposited(10_000)]);
    await first.waitFor(balances, await tokenAt(store, position));
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 11_111, events: 5 }]);
  });

  test('a table projection writes nothing if it lost the lease while it was writing', async ({
    database,
    adminStore: store,
  }) => {
    await using other = openStore(database.connectionString, { schema: store.schema });
    await using first = createTestRunner(store, [balances], { owner: 'first', leaseMs: LONG_LEASE_MS });
    await using second = createTestRunner(other, [balances], { owner: 'second', leaseMs: SHORT_LEASE_MS });
    await first.start();
    await store.append('account-1', [deposited(1)]);
    await first.whenCaughtUp(balances);

    const table = sql.id(projectionSchema(store.schema, balances), balances.name);
    await store.db.transaction().execute(async (tx) => {
      // The statement of the first one waits for the row lock, and the lease is gone when it gets it.
      await sql`select from ${sql.id(store.schema, 'subscriptions')} for update`.execute(tx);
      await store.append('account-1', [deposited(10)]);
      await untilBlocked(database.connectionString);
      await sql`update ${sql.id(store.schema, 'subscriptions')}
                   set epoch = epoch + 1, owner = 'former', lease_until = clock_timestamp()`.execute(tx);
      await sql`update ${table} set cents = 1000`.execute(tx);
    });
    await second.start();
    await second.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1_010 }]);
  });

  test('a table projection that takes its lease again loads its rows again', async ({
    adminStore: store,
  }) => {
    await using runner = createTestRunner(store, [balances], { leaseMs: SHORT_LEASE_MS });
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await runner.whenCaughtUp(balances);
    const subscriptions = sql.id(store.schema, 'subscriptions');
    const epochOf = async () => {
      const { rows } = await sql<{ epoch: number }>`select epoch from ${subscriptions}`.execute(store.db);
      return rows[0]?.epoch ?? 0;
    };
    const before = await epochOf();
    await store.db.transaction().execute(async (tx) => {
      // As if another process had taken the lease, changed the row and released the lease.
      await sql`update ${subscriptions} set epoch = epoch + 1, owner = 'another', lease_until = clock_timestamp()`.execute(
        tx,
      );
      await sql`update ${sql.id(projectionSchema(store.schema, balances), 'balances')} set cents = 1000`.execute(
        tx,
      );
    });
    await until(async () => (await epochOf()) === before + 2, {
      message: 'the runner to take its lease again',
    });
    await store.append('account-1', [deposited(10)]);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1_010 }]);
  });

  test('no event is applied twice or lost while the lease moves between three runners', async ({
    database,
    adminStore: store,
  }) => {
    guarantee('applied-once');
    const stores = [1, 2, 3].map(() => openStore(database.connectionString, { schema: store.schema }));
    const failures: unknown[] = [];
    const runners = stores.map((each, index) =>
      createTestRunner(each, [journal, balances], {
        owner: `runner ${index}`,
        leaseMs: MOVING_LEASE_MS,
        batchSize: 20,
        onIncident: ({ error, stopped }) => stopped && failures.push(error),
      }),
    );
    for (const runner of runners) await runner.start();
    const owners = new Set<string | undefined>();
    let rounds = 0;
    let sum = 0;
    // Which runner takes the lease first is random: there are more rounds until two of them had it.
    for (
      const until = Date.now() + 20_000;
      rounds < 50 || (owners.size < 2 && Date.now() < until);
      rounds += 1
    ) {
      const n = rounds;
      sum += n;
      const batches = Array.from({ length: 10 }, (_, index) =>
        store.append(`account-${index}`, [deposited(n)]),
      );
      await Promise.all(batches);
      await expireLeases(store);
      owners.add(await ownerOf(store, 'balances'));
    }
    await runners[0]!.whenCaughtUp(journal, { timeoutMs: 20_000 });
    await runners[0]!.whenCaughtUp(balances, { timeoutMs: 20_000 });
    expect(failures).toEqual([]);
    expect(await rowsOf(store, journal)).toHaveLength(10 * rounds);
    const expected = Array.from({ length: 10 }, () =>
      expect.objectContaining({ cents: sum, events: rounds }),
    );
    expect(await rowsOf(store, balances)).toEqual(expected);
    expect(owners.size).toBeGreaterThan(1);
    for (const runner of runners) await runner.stop();
    for (const each of stores) await each.close();
  });

  // A process is started: longer than other tests on a busy machine.
  test('a killed runner loses and repeats nothing; another takes over within seconds', {
    timeout: 90_000,
  }, async ({ database, adminStore: store }) => {
    guarantee('runner-failover');
    const worker = spawn(
      process.execPath,
      [...typescriptFlags, fileURLToPath(new URL('worker.ts', import.meta.url))],
      {
        env: { ...process.env, WORKER_DATABASE: database.connectionString, WORKER_SCHEMA: store.schema },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    try {
      const append = async (from: number, to: number) => {
        for (let n = from; n < to; n += 1) await store.append(`account-${n % 10}`, [deposited(1)]);
      };
      await append(0, 150);
      const applied = async () => (await rowsOf(store, journal).catch(() => [])).length;
      await until(async () => (await applied()) > 20, {
        timeoutMs: 60_000,
        message: 'the worker to apply events',
      });

      const appending = append(150, 250);
      await killProcess(worker);
      const appliedByWorker = await applied();
      expect(appliedByWorker).toBeLessThan(250);

      await using runner = createTestRunner(store, [journal, balances], { leaseMs: 1_000 });
      await runner.start();
      await until(async () => (await applied()) > appliedByWorker, {
        message: 'another runner to take over',
      });
      await appending;
      await runner.whenCaughtUp(journal, { timeoutMs: 10_000 });
      await runner.whenCaughtUp(balances, { timeoutMs: 10_000 });
      expect(await rowsOf(store, journal)).toHaveLength(250);
      const expected = Array.from({ length: 10 }, () => expect.objectContaining({ cents: 25, events: 25 }));
      expect(await rowsOf(store, balances)).toEqual(expected);
    } finally {
      worker.kill('SIGKILL');
    }
  });
});
