import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expireLeases, killProcess, takeOver, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, entriesOf, openStore, ownerOf, recorder } from './recorder.ts';

/** Longer than any test: its owner neither renews it nor notices that it is lost while the test runs. */
const LONG_LEASE_MS = 60_000;
/** Looked at, and renewed, every 500 ms: also by a process that a busy machine gives little time. */
const SHORT_LEASE_MS = 1_500;
/** Of those that lose it all the time. */
const MOVING_LEASE_MS = 300;

describe('leases', () => {
  test('a batch paused until its lease expired is rolled back; another writes it once', async ({
    connectionString,
    adminStore: store,
  }) => {
    guarantee('applied-once');
    const gate = new Gate();
    await using other = openStore(connectionString, { schema: store.schema });
    const held = recorder(store, 'recorder', { by: 'paused', offset: 1_000, onEvent: () => gate.pass() });
    const paused = createRunner(store, [held], { owner: 'paused', leaseMs: LONG_LEASE_MS });
    const taken = recorder(other, 'recorder', { by: 'successor' });
    await using successor = createRunner(other, [taken], { owner: 'successor', leaseMs: SHORT_LEASE_MS });
    await paused.start();
    await store.append('counter-1', [added(1)]);
    await gate.reached();
    await successor.start();
    await takeOver(store, { name: 'recorder', owner: 'successor' }, successor.whenCaughtUp(taken));
    gate.open();
    await paused.stop();
    expect(await entriesOf(store, 'recorder')).toEqual([{ position: 1, amount: 1, by: 'successor' }]);
    expect(await ownerOf(store, 'recorder')).toBe('successor');
  });

  test('a long batch keeps its lease', async ({ store }) => {
    const subscriptions = sql.id(store.schema, 'subscriptions');
    let kept = false;
    const long = recorder(store, 'recorder', {
      onEvent: async (_event, tx) => {
        // Until the lease would be over that the batch began with. No other runner takes it: one that did could do so
        // rightfully, while this process is given no time by a busy machine.
        const { rows } = await sql<{ end: string; epoch: number }>`
          select lease_until::text as end, epoch from ${subscriptions}`.execute(tx);
        const begun = rows[0]!;
        const renewed = async () => {
          const found = await sql`
            select from ${subscriptions}
             where clock_timestamp() > ${begun.end}::timestamptz
               and lease_until > clock_timestamp()
               and epoch = ${begun.epoch}`.execute(tx);
          return found.rows.length === 1;
        };
        // A transaction that idles, as when the process is given no time, is ended, and the batch begins anew.
        await until(renewed, { message: 'the lease to be renewed while the batch runs' });
        kept = true;
      },
    });
    await using runner = createRunner(store, [long], { leaseMs: 1_000 });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(long, { timeoutMs: 20_000 });
    expect(kept).toBe(true);
  });

  test('a handler that is idle for as long as a lease loses its transaction', async ({ store }) => {
    const gate = new Gate();
    const entries = sql.id(store.schema, 'entries');
    let calls = 0;
    const idle = recorder(store, 'recorder', {
      onEvent: async () => {
        calls += 1;
        if (calls === 1) await gate.pass();
      },
    });
    await using runner = createRunner(store, [idle], { leaseMs: 300 });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await gate.reached();
    // Waits for the handler's locks, until its transaction is ended.
    await store.db.transaction().execute((tx) => sql`lock table ${entries} in share mode`.execute(tx));
    gate.open();
    await runner.whenCaughtUp(idle);
    // The second transaction may idle for as long too, when the machine is busy.
    expect(calls).toBeGreaterThan(1);
    expect(await amountsOf(store, 'recorder')).toEqual([1]);
  });

  test('no event is processed twice or lost while the lease moves between three runners', async ({
    connectionString,
    adminStore: store,
  }) => {
    guarantee('applied-once');
    const stores = [1, 2, 3].map(() => openStore(connectionString, { schema: store.schema }));
    const failures: unknown[] = [];
    const runners = stores.map((each, index) =>
      createRunner(each, [recorder(each, 'recorder')], {
        owner: `runner ${index}`,
        leaseMs: MOVING_LEASE_MS,
        batchSize: 20,
        onIncident: ({ error, stopped }) => stopped && failures.push(error),
      }),
    );
    for (const runner of runners) await runner.start();
    const owners = new Set<string | undefined>();
    let rounds = 0;
    // Which runner takes the lease first is random: there are more rounds until two of them had it.
    for (
      const deadline = Date.now() + 20_000;
      rounds < 30 || (owners.size < 2 && Date.now() < deadline);
      rounds += 1
    ) {
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => store.append(`counter-${index}`, [added(rounds)])),
      );
      await expireLeases(store);
      owners.add(await ownerOf(store, 'recorder'));
    }
    await runners[0]!.whenCaughtUp({ name: 'recorder', version: 1 }, { timeoutMs: 20_000 });
    expect(failures).toEqual([]);
    expect(await entriesOf(store, 'recorder')).toHaveLength(10 * rounds);
    expect(owners.size).toBeGreaterThan(1);
    for (const runner of runners) await runner.stop();
    for (const each of stores) await each.close();
  });

  // A process is started: longer than other tests on a busy machine.
  test('a killed runner loses and repeats nothing; another takes over within seconds', {
    timeout: 90_000,
  }, async ({ processUrl, store }) => {
    guarantee('runner-failover');
    const worker = spawn(
      process.execPath,
      [...typescriptFlags, fileURLToPath(new URL('worker.ts', import.meta.url))],
      {
        env: { ...process.env, WORKER_DATABASE: processUrl, WORKER_SCHEMA: store.schema },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    try {
      const applied = async () => (await entriesOf(store, 'recorder')).length;
      const append = async (count: number) => {
        for (let n = 0; n < count; n += 1) await store.append(`counter-${n % 10}`, [added(1)]);
      };
      await append(150);
      await until(async () => (await applied()) > 20, {
        timeoutMs: 60_000,
        message: 'the worker to process events',
      });
      const appending = append(100);
      await killProcess(worker);
      const appliedByWorker = await applied();
      expect(appliedByWorker).toBeLessThan(250);

      const taken = recorder(store, 'recorder', { by: 'successor' });
      await using runner = createRunner(store, [taken], { leaseMs: 1_000 });
      await runner.start();
      await until(async () => (await applied()) > appliedByWorker, { message: 'the successor to take over' });
      await appending;
      await runner.whenCaughtUp(taken, { timeoutMs: 10_000 });
      expect(await entriesOf(store, 'recorder')).toHaveLength(250);
    } finally {
      worker.kill('SIGKILL');
    }
  });
});
