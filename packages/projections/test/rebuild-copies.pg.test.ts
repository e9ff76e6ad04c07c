import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, deposited, journal } from '@leftfold/testbed/bank';
import { killProcess, TcpProxy, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { projectionSchema } from '../src/index.ts';
import { copySchema } from '../src/tables/projection-schema.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore, rowsOf } from './runner.ts';

const tableOf = (store: PostgresEventStore) => sql.id(projectionSchema(store.schema, balances), 'balances');
const centsOf = async (store: PostgresEventStore) =>
  (await rowsOf<{ cents: number }>(store, balances)).reduce((sum, { cents }) => sum + cents, 0);

async function deposits(store: PostgresEventStore, count: number): Promise<void> {
  const events = Array.from({ length: count }, () => deposited(1));
  for (let n = 0; n < count; n += 500) await store.append(`account-${n}`, events.slice(n, n + 500));
}

describe('tables that served before', () => {
  test('serve again after a rollback, with every event, and the others after another one', async ({
    store,
  }) => {
    guarantee('rebuild-serves');
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 3);
    await runner.whenCaughtUp(balances);
    await sql`update ${tableOf(store)} set cents = cents + 100`.execute(store.db);
    expect(await failureOf(runner.rollback(balances))).toMatchObject({ code: 'REBUILD_REFUSED' });
    await runner.rebuild(balances);
    await deposits(store, 2);
    await runner.whenCaughtUp(balances);
    expect(await centsOf(store)).toBe(5);
    await runner.rollback(balances);
    expect(await centsOf(store)).toBe(105);
    await deposits(store, 1);
    await runner.whenCaughtUp(balances);
    expect(await centsOf(store)).toBe(106);
    await runner.rollback(balances);
    expect(await centsOf(store)).toBe(6);
  });

  test('are listed with every version, and dropped', async ({ adminStore: store }) => {
    const runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 3);
    await runner.whenCaughtUp(balances);
    await runner.rebuild(balances);
    expect(await runner.versions(balances)).toMatchObject([
      { version: 1, use: 'serving', schema: projectionSchema(store.schema, balances), caughtUp: true },
      { version: 1, use: 'previous', schema: copySchema(store.schema, balances), position: 3 },
    ]);
    const refused = await failureOf(runner.dropVersion('balances', 1));
    expect(refused).toMatchObject({ code: 'REBUILD_REFUSED' });
    await runner.dropRebuild(balances);
    expect(await failureOf(runner.dropRebuild(balances))).toMatchObject({ code: 'REBUILD_REFUSED' });
    await runner.stop();
    const newer = createTestRunner(store, [{ ...balances, version: 2 }]);
    await newer.migrate();
    expect(await newer.versions('balances')).toMatchObject([
      { version: 1, use: 'unused' },
      { version: 2, use: 'unused' },
    ]);
    await newer.dropVersion('balances', 1);
    expect(await newer.versions('balances')).toMatchObject([{ version: 2 }]);
    expect(await failureOf(newer.dropVersion('balances', 1))).toMatchObject({ code: 'REBUILD_REFUSED' });
    await newer.stop();
  });
});

describe('a transaction that reads the tables that served before', () => {
  test('holds up the projection only briefly when they are to be dropped', async ({ store, adminStore }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 3);
    await runner.whenCaughtUp(balances);
    await runner.rebuild(balances);
    const copied = sql.id(copySchema(store.schema, balances), 'balances');
    const client = await adminStore.pool.connect();
    await client.query('begin');
    await client.query(`select from "${copySchema(store.schema, balances)}".balances`);
    const refused = await failureOf(runner.dropRebuild(balances));
    expect(refused).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(String(refused)).toMatch(/dropping the copy of projection "balances" was given up.*backend \d+/);
    await deposits(store, 2);
    await runner.whenCaughtUp(balances, { timeoutMs: 10_000 });
    await client.query('rollback');
    client.release();
    await runner.dropRebuild(balances);
    expect(await failureOf(sql`select from ${copied}`.execute(store.db))).toMatchObject({ code: '42P01' });
  });
});

describe('a rebuild', () => {
  test('keeps to its limit, is paused and resumed, and dropped', async ({ store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 500);
    await runner.whenCaughtUp(balances);
    const rebuilt = runner.rebuild(balances, { eventsPerSecond: 50 });
    const dropped = failureOf(rebuilt);
    const statusOf = async () => (await runner.status())[0]?.rebuild;
    await until(async () => ((await statusOf())?.position ?? 0) > 75, { timeoutMs: 20_000 });
    const status = await statusOf();
    expect(status).toMatchObject({ state: 'building', total: 500, eventsPerSecondLimit: 50 });
    expect(status?.done).toBe(status?.position);
    expect(status?.perSecond).toBeLessThan(100);
    expect(status?.secondsLeft).toBeGreaterThan(1);
    await runner.pauseRebuild(balances);
    const paused = await statusOf();
    expect(paused).toMatchObject({ state: 'paused', owners: [] });
    // No batch that was begun before is written.
    await deposits(store, 1);
    await runner.whenCaughtUp(balances);
    expect((await statusOf())?.position).toBe(paused?.position);
    await runner.resumeRebuild(balances);
    await until(async () => ((await statusOf())?.position ?? 0) > (paused?.position ?? 0));
    await runner.dropRebuild(balances);
    expect(await dropped).toMatchObject({ code: 'REBUILD_DROPPED' });
    expect(await runner.status()).toMatchObject([{ state: 'running', rebuild: undefined }]);
    expect(await centsOf(store)).toBe(501);
  });

  test('is waited for through an outage', async ({ store, logins }) => {
    await using proxy = await TcpProxy.start(logins.urlOf('process'));
    await using builds = createTestRunner(store, [balances]);
    await builds.start();
    await deposits(store, 100);
    await builds.whenCaughtUp(balances);
    await using far = openStore(proxy.connectionString, { schema: store.schema });
    await using asking = createTestRunner(far, [balances]);
    let polls = 0;
    const rebuilt = asking.rebuild(balances, {
      eventsPerSecond: 50,
      onProgress: () => {
        polls += 1;
      },
    });
    rebuilt.catch(() => {});
    await until(() => polls > 0);
    await proxy.cut();
    await until(async () => (await builds.status())[0]?.rebuild?.state === 'previous', { timeoutMs: 20_000 });
    await proxy.restore();
    expect(await rebuilt).toMatchObject({ outcome: 'switched' });
  });

  test('goes on in another process when the one that builds it is killed', async ({ logins, store }) => {
    guarantee('rebuild-serves', 'runner-failover');
    const migrating = createTestRunner(store, [balances]);
    await migrating.start();
    await deposits(store, 500);
    await migrating.whenCaughtUp(balances);
    await migrating.stop();
    const worker = spawn(
      process.execPath,
      [...typescriptFlags, fileURLToPath(new URL('rebuild-worker.ts', import.meta.url))],
      {
        env: { ...process.env, WORKER_DATABASE: logins.urlOf('process'), WORKER_SCHEMA: store.schema },
        stdio: 'inherit',
      },
    );
    // The text of functions is another one in a process without the test runner's transformation.
    const asking = createTestRunner(store, [balances], { release: 'tested' });
    const rebuilt = asking.rebuild(balances, { eventsPerSecond: 100 });
    const statusOf = async () => (await asking.status())[0]?.rebuild;
    await until(async () => ((await statusOf())?.position ?? 0) > 0, { timeoutMs: 30_000 });
    await killProcess(worker);
    expect(await statusOf()).toMatchObject({ position: expect.any(Number) });
    await using second = createTestRunner(store, [balances], { leaseMs: 1_000, release: 'tested' });
    await second.start();
    expect(await rebuilt).toMatchObject({ outcome: 'switched' });
    expect(await centsOf(store)).toBe(500);
    await asking.stop();
  });

  test('is built in slices, and then has the number that is declared', async ({
    database,
    adminStore: store,
  }) => {
    await using elsewhere = openStore(database.connectionString, { schema: store.schema });
    await using runner = createTestRunner(store, [balances, journal], { leaseMs: 1_000 });
    await using other = createTestRunner(elsewhere, [balances, journal], { leaseMs: 1_000 });
    await runner.start();
    await other.start();
    for (let n = 0; n < 40; n += 1) await store.append(`account-${n}`, [deposited(1)]);
    await runner.rebuild(balances, { slices: 4 });
    expect(await centsOf(store)).toBe(40);
    await deposits(store, 5);
    await until(async () => (await runner.status())[0]?.slices.length === 1, { timeoutMs: 20_000 });
    await runner.whenCaughtUp(balances);
    expect(await centsOf(store)).toBe(45);
  });

  test('has the rights, constraints and indexes of the tables that served', async ({
    logins,
    adminStore: store,
  }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    const schema = projectionSchema(store.schema, balances);
    const reader = sql.id(logins.roles.reader);
    await sql`grant usage on schema ${sql.id(schema)} to ${reader}`.execute(store.db);
    await sql`grant select on ${tableOf(store)} to ${reader}`.execute(store.db);
    await sql`create unique index "by owner" on ${tableOf(store)} (owner, account_id) where cents > 0`.execute(
      store.db,
    );
    const facts = async () => {
      const { rows } = await sql<{ facts: string }>`
        select concat_ws(' ', namespace.nspacl::text, class.relacl::text, class.relname,
                 (select string_agg(pg_get_indexdef(indexrelid), ';' order by indexrelid::regclass::text)
                    from pg_index where indrelid = class.oid),
                 (select string_agg(conname || pg_get_constraintdef(oid), ';' order by conname)
                    from pg_constraint where conrelid = class.oid)) as facts
          from pg_class as class join pg_namespace as namespace on namespace.oid = class.relnamespace
         where namespace.nspname = ${schema} and class.relkind = 'r'`.execute(store.db);
      return rows;
    };
    const before = await facts();
    await runner.rebuild(balances);
    expect(await facts()).toEqual(before);
  });

  test('is switched to although the projection was reset meanwhile', async ({ store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 200);
    await runner.whenCaughtUp(balances);
    const rebuilt = runner.rebuild(balances, { eventsPerSecond: 200 });
    await until(async () => ((await runner.status())[0]?.rebuild?.position ?? 0) > 0);
    await runner.reset(balances);
    await rebuilt;
    await deposits(store, 1);
    await runner.whenCaughtUp(balances);
    expect(await centsOf(store)).toBe(201);
  });

  test('beyond the end of the log is not switched to', async ({ adminStore: store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await deposits(store, 3);
    await runner.whenCaughtUp(balances);
    await runner.rebuild(balances);
    await sql`update ${sql.id(store.schema, 'subscriptions')} set position = 9 where name = 'balances+copy'`.execute(
      store.db,
    );
    const ending = new AbortController();
    const refused = failureOf(runner.rollback(balances, { signal: ending.signal }));
    await until(async () => {
      const rebuild = (await runner.status())[0]?.rebuild;
      return rebuild?.waitsFor?.includes('beyond the end') === true || rebuild?.state === 'stopped';
    });
    ending.abort(new Error('seen'));
    await refused;
    expect(await centsOf(store)).toBe(3);
  });
});
