import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defineProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { createTestDatabase, until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectionSchema } from '../src/index.ts';
import {
  accountEvents,
  balances,
  createTestRunner,
  type Database,
  deposited,
  freshStore,
  Gate,
  journal,
  openStore,
  rowsOf,
} from './bank.ts';

/** Longer than any test: its owner does not renew it, or notice that it is lost, while the test runs. */
const LONG_LEASE_MS = 60_000;
/** Looked after every 50 ms. */
const SHORT_LEASE_MS = 150;

describe('leases', () => {
  let database: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  const ownerOf = async (store: PostgresEventStore, name: string) => {
    const { rows } = await sql<{ owner: string | null }>`
      select owner from ${sql.id(store.schema, 'checkpoints')} where projection = ${name}`.execute(store.db);
    return rows[0]?.owner?.split('/')[0];
  };

  const letLeaseRunOut = async (store: PostgresEventStore) => {
    await sql`update ${sql.id(store.schema, 'checkpoints')} set lease_until = clock_timestamp()
               where lease_until is not null`.execute(store.db);
  };

  test('what a runner wrote that was paused inside a batch until its lease ran out is rolled back, and its successor has written it once', async () => {
    const gate = new Gate();
    const written = defineProjection({
      name: 'written',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint', by: 'text' }, primaryKey: ['position'] } },
      on: {
        'account.deposited': async (tx, { position }) => {
          await tx
            .insertInto('entry')
            .values({ position: position + 1_000, by: 'paused' })
            .execute();
          await gate.pass();
        },
      },
    });
    await using store = await freshStore(database);
    await using other = openStore(database.connectionString, { schema: store.schema });
    const paused = createTestRunner(store, [written], { owner: 'paused', leaseMs: LONG_LEASE_MS });
    const taken = writtenBy('successor');
    await using successor = createTestRunner(other, [taken], { owner: 'successor', leaseMs: SHORT_LEASE_MS });
    await paused.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await gate.reachedBySomebody();
    await letLeaseRunOut(store);
    await successor.start();
    await successor.whenCaughtUp(taken);
    gate.open();
    await paused.stop();
    expect(await rowsOf(store, written)).toEqual([{ position: 1, by: 'successor' }]);
    expect(await ownerOf(store, 'written')).toBe('successor');
  });

  test('a table projection that lost its lease does not write what it remembers', async () => {
    await using store = await freshStore(database);
    await using other = openStore(database.connectionString, { schema: store.schema });
    await using first = createTestRunner(store, [balances], { owner: 'first', leaseMs: LONG_LEASE_MS });
    const second = createTestRunner(other, [balances], { owner: 'second', leaseMs: SHORT_LEASE_MS });
    await first.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await first.whenCaughtUp(balances);

    await letLeaseRunOut(store);
    await second.start();
    await until(async () => (await ownerOf(store, 'balances')) === 'second');
    // Both hear of each of these, and the first one remembers the row as it was before them.
    for (const cents of [10, 100, 1_000]) {
      const { position } = await store.append('account-1', [deposited({ cents })]);
      await second.waitFor(balances, position);
    }
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1_111, events: 4 }]);

    // The first one found out by its first refused write, long before it would have looked at its lease.
    await second.stop();
    await first.resume(balances);
    await until(async () => (await ownerOf(store, 'balances')) === 'first');
    const { position } = await store.append('account-1', [deposited({ cents: 10_000 })]);
    await first.waitFor(balances, position);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 11_111, events: 5 }]);
  });

  test('a table projection whose statement was on its way when the lease was lost writes nothing', async () => {
    await using store = await freshStore(database);
    await using other = openStore(database.connectionString, { schema: store.schema });
    await using first = createTestRunner(store, [balances], { owner: 'first', leaseMs: LONG_LEASE_MS });
    await using second = createTestRunner(other, [balances], { owner: 'second', leaseMs: SHORT_LEASE_MS });
    await first.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await first.whenCaughtUp(balances);

    const table = sql.id(projectionSchema(store.schema, balances), balances.name);
    await store.db.transaction().execute(async (tx) => {
      // The first one's statement waits for the checkpoint's row lock, and is then too late.
      await sql`select from ${sql.id(store.schema, 'checkpoints')} for update`.execute(tx);
      await store.append('account-1', [deposited({ cents: 10 })]);
      await untilBlocked(database.connectionString);
      await sql`update ${sql.id(store.schema, 'checkpoints')}
                   set epoch = epoch + 1, owner = 'nobody', lease_until = clock_timestamp()`.execute(tx);
      await sql`update ${table} set cents = 1000`.execute(tx);
    });
    await second.start();
    await second.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1_010 }]);
  });

  test('a table projection that takes its lease again reads its rows again', async () => {
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [balances], { leaseMs: SHORT_LEASE_MS });
    await runner.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await runner.whenCaughtUp(balances);
    const checkpoints = sql.id(store.schema, 'checkpoints');
    const epochOf = async () => {
      const { rows } = await sql<{ epoch: number }>`select epoch from ${checkpoints}`.execute(store.db);
      return rows[0]?.epoch ?? 0;
    };
    const before = await epochOf();
    await store.db.transaction().execute(async (tx) => {
      // Somebody has had the lease, has changed the row, and is gone.
      await sql`update ${checkpoints} set epoch = epoch + 1, owner = 'somebody', lease_until = clock_timestamp()`.execute(
        tx,
      );
      await sql`update ${sql.id(projectionSchema(store.schema, balances), 'balances')} set cents = 1000`.execute(
        tx,
      );
    });
    await until(async () => (await epochOf()) === before + 2, {
      message: 'the runner to take its lease again',
    });
    await store.append('account-1', [deposited({ cents: 10 })]);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1_010 }]);
  });

  test('a long batch keeps its lease', async () => {
    const gate = new Gate();
    let calls = 0;
    const long = defineProjection({
      name: 'long',
      events: [accountEvents],
      tables: {},
      on: {
        'account.deposited': async (tx) => {
          calls += 1;
          // Statements all along: only a silent transaction is cut off.
          for (let n = 0; n < 30; n += 1) await sql`select pg_sleep(0.02)`.execute(tx);
          await gate.pass();
        },
      },
    });
    await using store = await freshStore(database);
    await using other = openStore(database.connectionString, { schema: store.schema });
    await using first = createTestRunner(store, [long], { owner: 'first', leaseMs: 300 });
    await using second = createTestRunner(other, [long], { owner: 'second', leaseMs: 300 });
    await first.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await second.start();
    await gate.reachedBySomebody();
    gate.open();
    await first.whenCaughtUp(long);
    expect(calls).toBe(1);
    expect(await ownerOf(store, 'long')).toBe('first');
  });

  test('a handler that says nothing for as long as a lease loses its transaction, and with it what it has locked', async () => {
    const gate = new Gate();
    let calls = 0;
    const silent = defineProjection({
      name: 'silent',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint', by: 'text' }, primaryKey: ['position'] } },
      on: {
        'account.deposited': async (tx, { position }) => {
          calls += 1;
          await tx
            .insertInto('entry')
            .values({ position: position + calls, by: 'projection' })
            .execute();
          if (calls === 1) await gate.pass();
        },
      },
    });
    await using store = await freshStore(database);
    await using runner = createTestRunner(store, [silent], { leaseMs: 300 });
    await runner.start();
    await store.append('account-1', [deposited({ cents: 1 })]);
    await gate.reachedBySomebody();
    // Waits for the row that the handler has written, until its transaction is ended.
    const table = sql.id(projectionSchema(store.schema, silent), 'entry');
    await sql`insert into ${table} (position, by) values (2, 'test')`.execute(store.db);
    gate.open();
    await runner.whenCaughtUp(silent);
    expect(await rowsOf(store, silent)).toEqual([
      { position: 2, by: 'test' },
      { position: 3, by: 'projection' },
    ]);
  });

  test('no event is applied twice or lost while the lease wanders between three runners', async () => {
    await using store = await freshStore(database);
    const stores = [1, 2, 3].map(() => openStore(database.connectionString, { schema: store.schema }));
    const failures: unknown[] = [];
    const runners = stores.map((each, index) =>
      createTestRunner(each, [journal, balances], {
        owner: `runner ${index}`,
        leaseMs: SHORT_LEASE_MS,
        batchSize: 20,
        onError: ({ error, stopped }) => stopped && failures.push(error),
      }),
    );
    for (const runner of runners) await runner.start();
    const owners = new Set<string | undefined>();
    let rounds = 0;
    let sum = 0;
    // Who is quicker to take it is a matter of luck; whoever had it is not always.
    for (
      const until = Date.now() + 20_000;
      rounds < 50 || (owners.size < 2 && Date.now() < until);
      rounds += 1
    ) {
      const n = rounds;
      sum += n;
      const batches = Array.from({ length: 10 }, (_, index) =>
        store.append(`account-${index}`, [deposited({ cents: n })]),
      );
      await Promise.all(batches);
      await letLeaseRunOut(store);
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

  test('a runner that is killed loses nothing and repeats nothing; another takes over within seconds', async () => {
    await using store = await freshStore(database);
    const worker = spawn(
      process.execPath,
      [
        '--conditions=@leftfold/source',
        '--import',
        'tsx',
        fileURLToPath(new URL('worker.ts', import.meta.url)),
      ],
      {
        env: { ...process.env, WORKER_DATABASE: database.connectionString, WORKER_SCHEMA: store.schema },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    try {
      const append = async (from: number, to: number) => {
        for (let n = from; n < to; n += 1) await store.append(`account-${n % 10}`, [deposited({ cents: 1 })]);
      };
      await append(0, 150);
      const applied = async () => (await rowsOf(store, journal).catch(() => [])).length;
      await until(async () => (await applied()) > 20, {
        timeoutMs: 20_000,
        message: 'the worker to apply events',
      });

      const appending = append(150, 250);
      worker.kill('SIGKILL');
      await once(worker, 'exit');
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

/** The table of the test above, written by somebody else. */
function writtenBy(name: string) {
  return defineProjection({
    name: 'written',
    events: [accountEvents],
    tables: { entry: { columns: { position: 'bigint', by: 'text' }, primaryKey: ['position'] } },
    on: {
      'account.deposited': (tx, { position }) =>
        tx.insertInto('entry').values({ position, by: name }).execute(),
    },
  });
}
