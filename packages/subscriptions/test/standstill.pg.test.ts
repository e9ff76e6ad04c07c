import { TcpProxy } from '@leftfold/testbed/faults';
import { LeftfoldError } from '@leftfold/core';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, freshStore, openStore, ownerOf, recorder } from './recorder.ts';

const waiting = { timeoutMs: 20_000 };
const codeOf = ({ error }: SubscriptionIncident) => (LeftfoldError.is(error) ? error.code : undefined);
const stalls = (incidents: readonly SubscriptionIncident[]) =>
  incidents.filter((incident) => codeOf(incident) === 'SUBSCRIPTION_STALLED');

/** Like a connection string whose sessions have a setting. */
function withSetting(connectionString: string, setting: string): string {
  const url = new URL(connectionString);
  url.searchParams.set('options', `-c ${setting}`);
  return url.href;
}

describe('a subscription that does not advance', () => {
  test('goes on when connections that went silent answer again', async ({ connectionString }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    await using store = openStore(proxy.connectionString, { schema: direct.schema, answerTimeoutMs: 1_500 });
    const incidents: SubscriptionIncident[] = [];
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    // Open connections for each statement of the runner: one that has to be opened first ends by another limit.
    await Promise.all(Array.from({ length: 6 }, () => store.inTransaction(async () => {})));
    proxy.stall();
    await direct.append('counter-1', [added(1)]);
    await until(() => incidents.length > 1, { timeoutMs: 20_000 });
    await proxy.restore();
    await createRunner(direct, [subscription]).waitForPosition(subscription, 2, waiting);
    expect(incidents.some(({ error }) => String(error).includes('gave no answer for 1500 ms'))).toBe(true);
    expect(await entriesOf(direct, 'recorder')).toHaveLength(2);
  });

  test('is reported once, after as many attempts as an event has, and goes on trying', async ({
    connectionString,
    adminStore: direct,
  }) => {
    await using store = openStore(withSetting(connectionString, 'lock_timeout=20'), {
      schema: direct.schema,
    });
    const incidents: SubscriptionIncident[] = [];
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], {
      leaseMs: 200,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await direct.inTransaction(
      async ({ tx }) => {
        await sql`lock table ${sql.id(direct.schema, 'entries')} in access exclusive mode`.execute(tx);
        await direct.append('counter-1', [added(1)]);
        await until(() => incidents.length >= 7);
        const told = async () => (await runner.status())[0]?.notAdvancing;
        await until(async () => (await told()) !== undefined);
        expect(await told()).toMatch(/has not moved for \d+ s, though events wait; \d+ attempts failed/);
      },
      { idleMs: 60_000 },
    );
    await runner.waitForPosition(subscription, 1, waiting);
    expect(stalls(incidents)).toHaveLength(1);
    expect(stalls(incidents)[0]).toMatchObject({ stopped: false, error: { position: 0 } });
    expect(String(stalls(incidents)[0]?.error)).toContain('3 attempts failed, the last one with');
    expect(await runner.status()).toMatchObject([{ notAdvancing: undefined }]);
  });

  test('loses its lease to a process that can go on', async ({ connectionString, adminStore: store }) => {
    await using hasty = openStore(withSetting(connectionString, 'statement_timeout=150'), {
      schema: store.schema,
    });
    const onEvent: Parameters<typeof recorder>[2] = {
      onEvent: (_event, tx) => sql`select pg_sleep(0.4)`.execute(tx),
    };
    const incidents: SubscriptionIncident[] = [];
    await using first = createRunner(hasty, [recorder(hasty, 'recorder', onEvent)], {
      owner: 'first',
      leaseMs: 300,
      batchTimeoutMs: 1_000,
      onIncident: (incident) => incidents.push(incident),
    });
    await first.start();
    await store.append('counter-1', [added(1)]);
    const left = () =>
      stalls(incidents).some(({ error }) => String(error).includes('left the lease to another'));
    await until(left, { message: 'the lease to be left to another' });
    const able = recorder(store, 'recorder', onEvent);
    // So long that it does not expire when the machine is busy.
    await using second = createRunner(store, [able], { owner: 'second', leaseMs: 6_000 });
    await second.start();
    await second.waitForPosition(able, 1, waiting);
    expect(await ownerOf(store, 'recorder')).toBe('second');
  });

  test('loses its lease when it does not become inline in time', async ({
    connectionString,
    adminStore: store,
  }) => {
    const hanging = { ...recorder(store, 'recorder'), promote: () => new Promise<never>(() => {}) };
    const incidents: SubscriptionIncident[] = [];
    await using first = createRunner(store, [hanging], {
      batchTimeoutMs: 200,
      leaseMs: 1_000,
      onIncident: (incident) => incidents.push(incident),
    });
    await first.start();
    await until(() => stalls(incidents).length > 0);
    await using other = openStore(connectionString, { schema: store.schema });
    const sound = recorder(other, 'recorder');
    await using second = createRunner(other, [sound]);
    await second.start();
    await store.append('counter-1', [added(1)]);
    await second.waitForPosition(sound, 1, waiting);
  });
});

test('a transaction that the server ended for idling is no attempt of its event', async ({
  adminStore: store,
}) => {
  let calls = 0;
  const incidents: SubscriptionIncident[] = [];
  const idle = recorder(store, 'recorder', {
    onEvent: async (_event, tx) => {
      calls += 1;
      // More often than an event that fails is tried.
      if (calls > 5) return;
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await until(async () => {
        const found = await sql`select from pg_stat_activity where pid = ${rows[0]?.pid}`.execute(store.db);
        return found.rows.length === 0;
      });
    },
  });
  await using runner = createRunner(store, [idle], {
    leaseMs: 200,
    onIncident: (incident) => incidents.push(incident),
  });
  await runner.start();
  await store.append('counter-1', [added(1)]);
  await runner.waitForPosition(idle, 1, waiting);
  expect(calls).toBe(6);
  expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
});

test('the first sign of the database ends a long pause', async ({ connectionString }) => {
  await using direct = await freshStore(connectionString);
  await using proxy = await TcpProxy.start(connectionString);
  await using store = openStore(proxy.connectionString, { schema: direct.schema });
  const subscription = recorder(store, 'recorder');
  let incidents = 0;
  await using runner = createRunner(store, [subscription], {
    // Neither a renewal nor the pause ends while the test runs.
    leaseMs: 600_000,
    retry: { attempts: 3, firstDelayMs: 600_000, maxDelayMs: 600_000 },
    onIncident: () => (incidents += 1),
  });
  await runner.start();
  await direct.append('counter-1', [added(1)]);
  await runner.whenCaughtUp(subscription);
  await proxy.cut();
  await until(() => incidents > 0);
  await direct.append('counter-1', [added(1)]);
  await proxy.restore();
  await createRunner(direct, [subscription]).waitForPosition(subscription, 2, waiting);
});
