import { LeftfoldError, tokenOf } from '@leftfold/core';
import { beginTransaction } from '@leftfold/testbed/database';
import { expireLeases } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, openStore, recorder } from './recorder.ts';

const stalls = (incidents: readonly SubscriptionIncident[]) =>
  incidents.flatMap(({ error }) =>
    LeftfoldError.is(error) && error.code === 'SUBSCRIPTION_STALLED' ? [String(error)] : [],
  );

describe('a subscription that waits for the session of another transaction', () => {
  test('says for which append', async ({ connectionString, adminStore: store }) => {
    const incidents: SubscriptionIncident[] = [];
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], {
      leaseMs: 500,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await runner.whenCaughtUp(subscription);
    await using held = await beginTransaction(connectionString);
    await held.client.query(
      `set application_name = 'importer'; set local idle_in_transaction_session_timeout = '1h'`,
    );
    const { rows } = await held.client.query<{ pid: number }>('select pg_backend_pid() as pid');
    await store.append('counter-held', [added(1)], { transaction: held.client });
    const { events } = await store.append('counter-1', [added(2)]);
    const token = tokenOf(events[0]);
    await until(() => stalls(incidents).length > 0);
    const session = `importer (backend ${rows[0]!.pid})`;
    expect(stalls(incidents)[0]).toContain(session);
    expect(await runner.status()).toMatchObject([
      { state: 'stalled', notAdvancing: expect.stringContaining(`the append of`) },
    ]);
    const timedOut = await failureOf(runner.waitFor(subscription, token, { timeoutMs: 100 }));
    expect(String(timedOut)).toContain(session);
    await held.commit();
    await runner.waitFor(subscription, token);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
    expect(stalls(incidents)).toHaveLength(1);
    expect(await runner.status()).toMatchObject([{ state: 'running', notAdvancing: undefined }]);
  });

  test('says which transaction has locked its row', async ({ connectionString, adminStore: store }) => {
    const incidents: SubscriptionIncident[] = [];
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], {
      leaseMs: 500,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.migrate();
    await expireLeases(store);
    await using held = await beginTransaction(connectionString);
    const { rows } = await held.client.query<{ pid: number }>(
      `select pg_backend_pid() as pid from ${store.schema}.subscriptions for update`,
    );
    const session = `(backend ${rows[0]!.pid})`;
    const { events } = await store.append('counter-1', [added(1)]);
    const token = tokenOf(events[0]);
    await runner.start();
    await until(() => stalls(incidents).length > 0);
    expect(stalls(incidents)[0]).toContain(session);
    expect(await runner.status()).toMatchObject([
      { state: 'waiting', notAdvancing: expect.stringContaining(session) },
    ]);
    await using elsewhere = openStore(connectionString, { schema: store.schema });
    const reader = createRunner(elsewhere, [recorder(elsewhere, 'recorder')]);
    const timedOut = await failureOf(reader.waitFor(subscription, token, { timeoutMs: 100 }));
    expect(String(timedOut)).toContain(session);
    await held.rollback();
    await runner.waitFor(subscription, token);
    expect(stalls(incidents)).toHaveLength(1);
    expect(await runner.status()).toMatchObject([{ state: 'running', notAdvancing: undefined }]);
  });
});
