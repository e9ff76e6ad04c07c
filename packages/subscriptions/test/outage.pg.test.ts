import { killBackends, TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, freshStore, openStore, recorder } from './recorder.ts';

// A rejection or an error event without a handler fails the run of these tests: that is part of what they verify.
describe('when the database goes down', () => {
  test('a runner retries until the database is back; nothing is lost or repeated', async ({
    connectionString,
  }) => {
    guarantee('outages');
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const subscription = recorder(store, 'recorder');
    const outages: unknown[] = [];
    const runner = createRunner(store, [subscription], {
      leaseMs: 300,
      batchSize: 3,
      onIncident: ({ error, stopped }) => {
        expect(stopped).toBe(false);
        outages.push(error);
      },
    });
    await runner.start();
    const waiting = { timeoutMs: 20_000 };
    for (let round = 0; round < 3; round += 1) {
      const appending = (async () => {
        for (let n = 0; n < 60; n += 1) await direct.append(`counter-${n % 5}`, [added(1)]);
      })();
      await proxy.cut();
      const before = outages.length;
      await until(() => outages.length > before + 5, { message: 'the runner to notice' });
      await appending;
      await proxy.restore();
      // The first call may meet a connection that broke.
      await runner
        .whenCaughtUp(subscription, waiting)
        .catch(() => runner.whenCaughtUp(subscription, waiting));
    }
    expect(await entriesOf(direct, 'recorder')).toHaveLength(180);
    await runner.stop();
    await store.close();
  });

  test('a handler whose connection broke between statements runs again', async ({ connectionString }) => {
    const gate = new Gate();
    let calls = 0;
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const held = recorder(store, 'recorder', {
      onEvent: async () => {
        calls += 1;
        if (calls === 1) await gate.pass();
      },
    });
    // So long that the server ends no transaction for being idle.
    const runner = createRunner(store, [held], { leaseMs: 60_000 });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    await gate.reached();
    await proxy.cut();
    await proxy.restore();
    gate.open();
    const observer = createRunner(direct, [held]);
    await observer.waitForPosition(held, 1);
    expect(calls).toBe(2);
    expect(await entriesOf(direct, 'recorder')).toMatchObject([{ position: 1 }]);
    await runner.stop();
    await store.close();
  });

  test('however often it goes down during one event, the subscription does not stop', async ({
    connectionString,
  }) => {
    let gate = new Gate();
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const held = recorder(store, 'recorder', {
      onEvent: async (_event, tx) => {
        await gate.pass();
        await sql`select 1`.execute(tx);
      },
    });
    const stops: boolean[] = [];
    const onIncident = ({ stopped }: SubscriptionIncident) => stops.push(stopped);
    const runner = createRunner(store, [held], { leaseMs: 60_000, onIncident });
    await runner.start();
    await direct.append('counter-1', [added(1)]);
    for (let round = 0; round < 5; round += 1) {
      await gate.reached();
      const before = stops.length;
      await proxy.cut();
      gate.open();
      await until(() => stops.length > before + 1, { message: 'the runner to notice' });
      gate = new Gate();
      await proxy.restore();
    }
    gate.open();
    const observer = createRunner(direct, [held]);
    await observer.waitForPosition(held, 1);
    expect(stops).not.toContain(true);
    await runner.stop();
    await store.close();
  });

  test('a runner can be stopped, and waiting calls fail', async ({ connectionString }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    const store = openStore(proxy.connectionString, { schema: direct.schema });
    const subscription = recorder(store, 'recorder');
    const runner = createRunner(store, [subscription], { leaseMs: 300 });
    await runner.start();
    await proxy.cut();
    const waiting = failureOf(runner.waitForPosition(subscription, 10, { timeoutMs: 60_000 }));
    const idle = createRunner(store, [subscription]);
    expect(await failureOf(idle.waitForPosition(subscription, 10, { timeoutMs: 500 }))).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      reached: undefined,
      message: expect.stringMatching(/position that could not be read.*database cannot be reached/),
    });
    await runner.stop();
    expect(await waiting).toMatchObject({ code: 'CLOSED' });
    expect(await failureOf(runner.status())).toMatchObject({ code: 'CLOSED' });
    await store.close();
  });

  test('a runner whose database is silent stops within the time of a lease', async ({ connectionString }) => {
    await using direct = await freshStore(connectionString);
    await using proxy = await TcpProxy.start(connectionString);
    await using store = openStore(proxy.connectionString, { schema: direct.schema, listen: false });
    const runner = createRunner(store, [recorder(store, 'recorder')], { leaseMs: 300 });
    await runner.start();
    await runner.whenCaughtUp({ name: 'recorder', version: 1 });
    proxy.stall();
    const began = performance.now();
    await runner.stop();
    const tookMs = performance.now() - began;
    await proxy.restore();
    expect(tookMs).toBeLessThan(10_000); // a third of the time for an answer
  });

  test('a start fails with a typed error', async ({ connectionString }) => {
    await using proxy = await TcpProxy.start(connectionString);
    await proxy.cut();
    const store = openStore(proxy.connectionString);
    const runner = createRunner(store, [recorder(store, 'recorder')]);
    expect(await failureOf(runner.start())).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    await runner.stop();
    await store.close();
  });

  test('sessions that an operator terminates are replaced', async ({ connectionString, store }) => {
    guarantee('outages');
    await using operator = openStore(connectionString, { schema: store.schema, listen: false });
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], { leaseMs: 300 });
    await runner.start();
    for (let round = 0; round < 10; round += 1) {
      await killBackends(operator.pool, 'true');
      for (let n = 0; n < 5; n += 1) await operator.append(`counter-${n}`, [added(1)]);
    }
    const observer = createRunner(operator, [subscription]);
    await observer.waitForPosition(subscription, 50);
    expect(await entriesOf(operator, 'recorder')).toHaveLength(50);
  });
});
