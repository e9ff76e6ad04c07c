import { SubscriptionStalledError } from '@leftfold/core';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, openStore, recorder } from './recorder.ts';

describe('a handler that never settles', () => {
  test('loses its lease to another process, and can write nothing later', async ({ processUrl, store }) => {
    let late: Promise<unknown> | undefined;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const hanging = recorder(store, 'recorder', {
      onEvent: async (_event, tx) => {
        await released;
        late = failureOf(sql`select 1`.execute(tx));
        await late;
      },
    });
    const incidents: SubscriptionIncident[] = [];
    await using first = createRunner(store, [hanging], {
      batchTimeoutMs: 200,
      leaseMs: 1_000,
      onIncident: (incident) => incidents.push(incident),
    });
    await first.start();
    await store.append('counter-1', [added(1)]);
    await until(() => incidents.length > 0);
    await using other = openStore(processUrl, { schema: store.schema });
    const sound = recorder(other, 'recorder', { by: 'second' });
    await using second = createRunner(other, [sound], { leaseMs: 1_000 });
    await second.start();
    await second.waitForPosition(sound, 1, { timeoutMs: 20_000 });
    expect(incidents[0]?.error).toMatchObject({ code: 'SUBSCRIPTION_STALLED', position: 0 });
    expect(String(incidents[0]?.error)).toContain('batchTimeoutMs (200)');
    release();
    await until(() => late !== undefined);
    expect(await late).toBeInstanceOf(SubscriptionStalledError);
    expect(await entriesOf(store, 'recorder')).toMatchObject([{ by: 'second' }]);
  });

  test('does not keep its runner from stopping', async ({ processUrl, store }) => {
    let called = false;
    const hanging = recorder(store, 'recorder', {
      onEvent: () => {
        called = true;
        return new Promise(() => {});
      },
    });
    const incidents: SubscriptionIncident[] = [];
    const runner = createRunner(store, [hanging], {
      stopTimeoutMs: 100,
      leaseMs: 60_000,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await until(() => called);
    await runner.stop();
    expect(String(incidents[0]?.error)).toContain('stopTimeoutMs (100)');
    await using other = openStore(processUrl, { schema: store.schema });
    const sound = recorder(other, 'recorder');
    await using second = createRunner(other, [sound]);
    await second.start();
    await second.waitForPosition(sound, 1, { timeoutMs: 20_000 });
  });
});
