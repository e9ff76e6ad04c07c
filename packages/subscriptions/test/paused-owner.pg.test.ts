import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expireLeases, killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import type { PostgresEventStore } from '@leftfold/event-store';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, openStore, ownerOf, recorder } from './recorder.ts';

/** Longer than any test: no limit of the server ends the transaction of the paused process. */
const NEVER_MS = 3_600_000;

/** A process that stops while the server sends it an answer, in a transaction that has written rows. */
function startPausing(connectionString: string, schema: string): ChildProcess & AsyncDisposable {
  const file = fileURLToPath(new URL('worker.ts', import.meta.url));
  const worker = spawn(process.execPath, [...typescriptFlags, file], {
    env: {
      ...process.env,
      WORKER_DATABASE: connectionString,
      WORKER_SCHEMA: schema,
      WORKER_LEASE_MS: String(NEVER_MS),
      WORKER_ANSWER: String(100_000_000),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return Object.assign(worker, { [Symbol.asyncDispose]: () => killProcess(worker) });
}

/** Sessions that wait for their client to take an answer. */
async function blockedSessions(store: PostgresEventStore): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and wait_event = 'ClientWrite'`.execute(store.db);
  return rows.length;
}

async function grantAll(store: PostgresEventStore, role: string): Promise<void> {
  const schema = sql.id(store.schema);
  const to = sql.id(role);
  await sql`grant usage on schema ${schema} to ${to}`.execute(store.db);
  await sql`grant all on all tables in schema ${schema} to ${to}`.execute(store.db);
  await sql`grant execute on all functions in schema ${schema} to ${to}`.execute(store.db);
}

describe.skipIf(process.platform === 'win32')('a process that is paused in a batch', () => {
  test('keeps no lock once another has its lease', async ({ connectionString, adminStore: store }) => {
    guarantee('runner-failover');
    await store.append('counter-1', [added(1)]);
    const subscription = recorder(store, 'recorder', { by: 'successor' });
    await using runner = createRunner(store, [subscription], { owner: 'successor' });
    await runner.migrate();
    await using paused = startPausing(connectionString, store.schema);
    await until(async () => (await blockedSessions(store)) === 1, { timeoutMs: 20_000 });
    await expireLeases(store);
    await runner.start();
    // Its entry has the key of the one that the paused process has written and not committed.
    await runner.waitForPosition(subscription, 1, { timeoutMs: 20_000 });
    expect(await entriesOf(store, 'recorder')).toMatchObject([{ by: 'successor' }]);
    paused.kill('SIGCONT');
    await store.append('counter-1', [added(2)]);
    await runner.waitForPosition(subscription, 2);
    expect(await ownerOf(store, 'recorder')).toBe('successor');
    expect(await entriesOf(store, 'recorder')).toHaveLength(2);
  });

  test('is named when the role may not end its session', async ({ connectionString, adminStore: store }) => {
    await store.append('counter-1', [added(1)]);
    const role = `liveness_${store.schema}`;
    const weak = new URL(connectionString);
    weak.username = role;
    weak.password = 'secret';
    const incidents: SubscriptionIncident[] = [];
    await sql`create role ${sql.id(role)} login password 'secret'`.execute(store.db);
    try {
      await using paused = startPausing(connectionString, store.schema);
      await until(async () => (await blockedSessions(store)) === 1, { timeoutMs: 20_000 });
      await grantAll(store, role);
      await using other = openStore(weak.href, { schema: store.schema });
      const subscription = recorder(other, 'recorder', { by: 'successor' });
      await using runner = createRunner(other, [subscription], {
        onIncident: (incident) => incidents.push(incident),
      });
      await expireLeases(store);
      await runner.start();
      await until(() => incidents.length > 0);
      expect(incidents[0]).toMatchObject({
        subscription: { name: 'recorder' },
        error: { code: 'MISSING_RIGHTS' },
        stopped: false,
      });
      expect(String(incidents[0]?.error)).toContain('pg_signal_backend');
      await killProcess(paused);
      await runner.waitForPosition(subscription, 1, { timeoutMs: 20_000 });
    } finally {
      await sql`drop owned by ${sql.id(role)}`.execute(store.db);
      await sql`drop role ${sql.id(role)}`.execute(store.db);
    }
  });
});
