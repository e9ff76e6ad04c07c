import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, deposited, openBalances } from '@leftfold/testbed/bank';
import { killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { inlineProjections, projectionSchema, type RebuildDifference } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';

const tableOf = (store: PostgresEventStore) => sql.id(projectionSchema(store.schema, balances), 'balances');
const centsOf = async (store: PostgresEventStore) =>
  (await rowsOf<{ cents: number }>(store, balances)).map(({ cents }) => cents);

async function deposits(store: PostgresEventStore, accounts: number): Promise<void> {
  for (let n = 0; n < accounts; n += 1) await store.append(`account-${n}`, [deposited(1)]);
}

/** Appends to accounts 1 to 9 until it is ended. */
function writing(store: PostgresEventStore) {
  let ended = false;
  const done = (async () => {
    for (let n = 0; !ended; n += 1) await store.append(`account-${1 + (n % 9)}`, [deposited(1)]);
  })();
  return {
    end: () => {
      ended = true;
      return done;
    },
  };
}

/** Sessions that wait for a lock. */
async function blockedSessions({ db }: PostgresEventStore): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return rows[0]?.count ?? 0;
}

describe('a rebuild with a condition', () => {
  test('switches when the rows that would change satisfy it, and keeps both otherwise', async ({ store }) => {
    guarantee('rebuild-gate');
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 10);
    await runner.whenCaughtUp(balances);
    await sql`update ${tableOf(store)} set cents = 100 where account_id = 'account-0'`.execute(store.db);
    const writer = writing(store);
    const asked: RebuildDifference[] = [];
    const switchIf = (difference: RebuildDifference) => {
      asked.push(difference);
      return difference.equal;
    };
    const kept = await runner.rebuild(balances, { switchIf });
    expect(kept).toMatchObject({ outcome: 'kept', difference: { equal: false, missing: 0, extra: 0 } });
    expect(kept.difference.keys).toEqual([
      { table: 'balances', key: { account_id: 'account-0' }, kind: 'different', columns: ['cents'] },
    ]);
    expect(await runner.status()).toMatchObject([
      {
        state: 'running',
        rebuild: {
          gated: true,
          waitsFor: `switchIf returned false at position ${kept.difference.position}; call rebuild() again, with another switchIf or without one, or dropRebuild()`,
        },
      },
    ]);
    expect((await centsOf(store))[0]).toBe(100);
    // The same copy, compared anew.
    const switched = await runner.rebuild(balances, {
      switchIf: async ({ different }) => different === 1,
    });
    expect(switched).toMatchObject({ outcome: 'switched', difference: { rows: 10, different: 1 } });
    expect(switched.difference.position).toBeGreaterThan(kept.difference.position);
    expect(asked).toEqual([kept.difference]);
    await writer.end();
    await runner.whenCaughtUp(balances);
    expect((await centsOf(store))[0]).toBe(1);
    expect(await runner.rebuild(balances, { switchIf })).toMatchObject({ outcome: 'switched' });
  });

  test('compares at one position, of slices as well, and while another call compares', async ({ store }) => {
    guarantee('rebuild-gate');
    const sliced = { ...balances, slices: 3 };
    await using runner = createTestRunner(store, [sliced]);
    await runner.start();
    await deposits(store, 10);
    const writer = writing(store);
    const compare = async () => {
      const { difference } = await runner.rebuild(sliced, { switchIf: () => false });
      expect(difference).toMatchObject({ equal: true, rows: 10 });
    };
    for (let n = 0; n < 3; n += 1) await compare();
    await Promise.all([compare(), compare()]);
    const refused = await failureOf(runner.rebuild(sliced, { slices: 2, switchIf: () => true }));
    expect(refused).toMatchObject({ code: 'REBUILD_REFUSED' });
    expect(String(refused)).toContain('its 3 slices cannot be compared with 2');
    // Another release can declare another number.
    const inTwo = { ...sliced, slices: 2 };
    await using other = createTestRunner(store, [inTwo]);
    expect(await other.rebuild(inTwo, { switchIf: () => false })).toMatchObject({ difference: { rows: 10 } });
    await writer.end();
  });

  test('compares nothing while the new tables are beyond those that serve', async ({ store, adminStore }) => {
    guarantee('rebuild-gate');
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 3);
    await runner.whenCaughtUp(balances);
    await runner.rebuild(balances, { switchIf: () => false });
    const { schema } = store;
    await adminStore.pool.query(`select "${schema}"._pause_subscription('balances', 1)`);
    await deposits(store, 2);
    await until(async () => (await runner.status())[0]?.rebuild?.position === 5);
    const lock = await adminStore.pool.connect();
    await lock.query('begin');
    await lock.query(`select from "${schema}".subscriptions where name = 'balances' for update`);
    const compared = runner.rebuild(balances, { switchIf: () => false });
    await until(async () => (await blockedSessions(adminStore)) === 1);
    // The first attempt has the lock before what serves goes on.
    const resumed = adminStore.pool.query(`select "${schema}"._resume_subscription('balances', 1)`);
    await until(async () => (await blockedSessions(adminStore)) === 2);
    await lock.query('rollback');
    lock.release();
    await resumed;
    expect(await compared).toMatchObject({ difference: { equal: true, position: 5 } });
  });

  test('compares an inline projection while appends go on', async ({ database }) => {
    guarantee('rebuild-gate');
    const schema = 'gated_inline';
    const inline = inlineProjections([openBalances], { schema });
    await using store = await freshStore(database, { schema, inline });
    await using runner = createTestRunner(store, [openBalances]);
    await runner.start();
    await runner.whenCaughtUp(openBalances);
    await deposits(store, 10);
    await until(async () => (await runner.status())[0]?.state === 'inline');
    const writer = writing(store);
    const { difference } = await runner.rebuild(openBalances, { switchIf: () => false });
    expect(difference).toMatchObject({ equal: true });
    const switched = await runner.rebuild(openBalances, { switchIf: ({ equal }) => equal });
    expect(switched).toMatchObject({ outcome: 'switched' });
    await writer.end();
    expect(await runner.status()).toMatchObject([{ state: 'inline', rebuild: { state: 'previous' } }]);
  });

  test('that throws changes nothing, and the error reaches the caller', async ({ store, adminStore }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 2);
    await runner.whenCaughtUp(balances);
    await sql`update ${tableOf(store)} set cents = 100`.execute(store.db);
    const thrown = new Error('no decision');
    const switchIf = () => {
      throw thrown;
    };
    expect(await failureOf(runner.rebuild(balances, { switchIf }))).toBe(thrown);
    const undecided = runner.rebuild(balances, { switchIf: (() => undefined) as never });
    expect(await failureOf(undecided)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'switchIf must return true or false, not nothing',
    });
    const [status] = await runner.status();
    expect(status?.rebuild).toMatchObject({ state: 'caught-up', gated: true });
    expect(status?.rebuild?.waitsFor).toMatch(/^switchIf threw at position 2; call rebuild\(\) again/);
    expect(await centsOf(store)).toEqual([100, 100]);
    // As a process leaves it that is killed while it compares.
    await sql`update ${sql.id(store.schema, 'subscriptions')} set until_position = position
               where name = 'balances+copy'`.execute(adminStore.db);
    await deposits(store, 3);
    expect(await runner.rebuild(balances)).toMatchObject({ outcome: 'switched' });
    await runner.whenCaughtUp(balances);
    expect(await centsOf(store)).toEqual([2, 2, 1]);
  });

  test('is not decided when the asking process is killed; another call resumes it', async ({
    logins,
    store,
    adminStore,
  }) => {
    guarantee('rebuild-gate');
    await using runner = createTestRunner(store, [balances], { release: 'tested' });
    await runner.start();
    await deposits(store, 3);
    await runner.whenCaughtUp(balances);
    const positions = async () => {
      const { rows } = await sql<{ until: string | null }>`
        select until_position as until from ${sql.id(store.schema, 'subscriptions')}
         where name = 'balances+copy'`.execute(adminStore.db);
      return rows.map(({ until: position }) => position);
    };
    // The process that asks waits for the lock with the copy already led to one position.
    const lock = await adminStore.pool.connect();
    await lock.query('begin');
    const spawned = spawn(
      process.execPath,
      [...typescriptFlags, fileURLToPath(new URL('gate-worker.ts', import.meta.url))],
      {
        env: { ...process.env, WORKER_DATABASE: logins.urlOf('process'), WORKER_SCHEMA: store.schema },
        stdio: 'inherit',
      },
    );
    await until(async () => (await positions()).length === 1, { timeoutMs: 30_000 });
    await lock.query(`select from "${store.schema}".subscriptions where name = 'balances' for update`);
    await until(async () => (await positions())[0] !== null, { timeoutMs: 30_000 });
    await killProcess(spawned);
    await lock.query('rollback');
    lock.release();
    await deposits(store, 2);
    await runner.whenCaughtUp(balances);
    const rebuildOf = async () => (await runner.status())[0]?.rebuild;
    const left = await rebuildOf();
    expect(left).toMatchObject({ state: 'caught-up', gated: true, position: 3 });
    expect(left?.waitsFor).toMatch(/^the switchIf of the process that called rebuild\(\)/);
    const { outcome, difference } = await runner.rebuild(balances, { switchIf: ({ equal }) => equal });
    expect([outcome, difference.position]).toEqual(['switched', 5]);
    expect((await rebuildOf())?.beganAt).toEqual(left?.beganAt);
    expect(await centsOf(store)).toEqual([2, 2, 1]);
  });

  test('that takes long is not waited for after the signal', async ({ store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 2);
    await runner.whenCaughtUp(balances);
    const stop = new AbortController();
    const reason = new Error('enough');
    const switchIf = () => {
      stop.abort(reason);
      return new Promise<boolean>(() => {});
    };
    const { signal } = stop;
    expect(await failureOf(runner.rebuild(balances, { switchIf, signal }))).toBe(reason);
    const [status] = await runner.status();
    expect(status?.rebuild).toMatchObject({ state: 'caught-up', gated: true });
    expect(status?.rebuild?.waitsFor).toMatch(/^switchIf was not waited for at position 2; call rebuild\(\)/);
    expect(await runner.rebuild(balances, { switchIf: () => true })).toMatchObject({ outcome: 'switched' });
  });

  test('that joins a rebuild keeps a switch which has begun from being made', async ({
    store,
    adminStore,
  }) => {
    guarantee('rebuild-gate');
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 30);
    await runner.whenCaughtUp(balances);
    const plain = runner.rebuild(balances, { eventsPerSecond: 10 });
    plain.catch(() => {});
    await until(async () => (await runner.status())[0]?.rebuild !== undefined);
    const lock = await adminStore.pool.connect();
    await lock.query('begin');
    await lock.query(`select from "${store.schema}".subscriptions where name = 'balances' for update`);
    let decide: (switches: boolean) => void = () => {};
    const decided = new Promise<boolean>((resolve) => {
      decide = resolve;
    });
    const gated = runner.rebuild(balances, { eventsPerSecond: 10, switchIf: () => decided });
    await until(async () => (await blockedSessions(adminStore)) === 1);
    await until(async () => (await blockedSessions(adminStore)) === 2, { timeoutMs: 20_000 });
    await lock.query('rollback');
    lock.release();
    await until(async () => (await runner.status())[0]?.rebuild?.waitsFor !== undefined);
    expect(await runner.status()).toMatchObject([{ rebuild: { state: 'caught-up', gated: true } }]);
    decide(false);
    expect(await gated).toMatchObject({ outcome: 'kept' });
    await runner.dropRebuild(balances);
    expect(await failureOf(plain)).toMatchObject({ code: 'REBUILD_DROPPED' });
  });
});
