import { defineEvents, schemaVersions } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import type { SubscriptionDefinition, SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, entriesOf, freshStore, openStore, recorder } from './recorder.ts';

const poison = 13;

/** Fails at the amount 13 until it is fixed. */
function fragile(store: Parameters<typeof recorder>[0], name = 'fragile') {
  const state = { fixed: false, calls: 0 };
  const subscription = recorder(store, name, {
    onEvent: async ({ data }) => {
      if (JSON.stringify(data) !== `{"amount":${poison}}` || state.fixed) return;
      state.calls += 1;
      throw new Error('thirteen is refused');
    },
  });
  return { subscription, state };
}

const amounts = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => added(from + n));

describe('a subscription whose handler fails', () => {
  test('is retried, then stops at the event; nothing after it is processed', async ({ store }) => {
    guarantee('stops-at-a-failure');
    const { subscription, state } = fragile(store);
    const incidents: SubscriptionIncident[] = [];
    await store.append('counter-1', amounts(1, 40));
    await using runner = createRunner(store, [subscription], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    const failure = await failureOf(runner.whenCaughtUp(subscription));

    expect(failure).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      kind: 'recorder',
      subscription: 'fragile',
      version: 1,
      slice: 0,
      position: poison,
      eventType: 'counter.added',
      message: expect.stringContaining('recorder "fragile" stopped at event "counter.added", position 13'),
      cause: expect.objectContaining({ message: 'thirteen is refused' }),
    });
    // Once in a batch, once as the first of a smaller one, then three times alone.
    expect(state.calls).toBe(5);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([
      { subscription: { name: 'fragile', version: 1, slice: 0 }, error: failure, stopped: true },
    ]);
    expect(await amountsOf(store, 'fragile')).toEqual(Array.from({ length: poison - 1 }, (_, n) => n + 1));
    expect(await runner.status()).toMatchObject([
      {
        name: 'fragile',
        state: 'stopped',
        position: poison - 1,
        lag: 40 - poison + 1,
        failure: { position: poison, type: 'counter.added', message: 'thirteen is refused' },
      },
    ]);
  });

  test('fails waits in other processes, and continues where it stopped after resume', async ({
    processUrl,
    store,
  }) => {
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    const { subscription, state } = fragile(store);
    await store.append('counter-1', amounts(1, 20));
    await using runner = createRunner(store, [subscription], { leaseMs: 300 });
    const observer = createRunner(elsewhere, [subscription]);
    await observer.migrate();
    const waiting = failureOf(observer.waitForPosition(subscription, 20));
    await runner.start();
    expect(await waiting).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      position: poison,
      eventType: 'counter.added',
      message: expect.stringContaining('thirteen is refused'),
    });
    // The positions before it were reached.
    await observer.waitForPosition(subscription, poison - 1);
    expect(await failureOf(observer.waitForPosition(subscription, poison))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
    });

    state.fixed = true;
    await observer.resume(subscription);
    await observer.waitForPosition(subscription, 20);
    expect(await entriesOf(store, 'fragile')).toHaveLength(20);
    expect(await runner.status()).toMatchObject([{ state: 'running', failure: undefined }]);
  });

  test('stays stopped when the runner is started again', async ({ store }) => {
    guarantee('stops-at-a-failure');
    const { subscription, state } = fragile(store);
    const other = recorder(store, 'other');
    await store.append('counter-1', amounts(poison, poison));
    for (const round of [1, 2]) {
      await using runner = createRunner(store, [subscription, other], { leaseMs: 300 });
      await runner.start();
      expect(await failureOf(runner.whenCaughtUp(subscription)), `round ${round}`).toMatchObject({
        position: 1,
      });
      // Leases are taken in order: when the other one runs, this one was looked at.
      await store.append('counter-2', amounts(1, 1));
      await runner.whenCaughtUp(other);
      await runner.stop();
      expect(state.calls).toBe(3);
    }
  });

  test('once and then succeeds has processed everything once', async ({ store }) => {
    const { subscription, state } = fragile(store);
    await store.append('counter-1', amounts(1, 40));
    await using runner = createRunner(store, [subscription], {
      onIncident: () => {
        state.fixed = true;
      },
    });
    await runner.start();
    await runner.whenCaughtUp(subscription);
    expect(await entriesOf(store, 'fragile')).toHaveLength(40);
  });

  test('does not delay other subscriptions', async ({ store }) => {
    guarantee('projections-fail-alone');
    const { subscription } = fragile(store);
    const other = recorder(store, 'other');
    await store.append('counter-1', amounts(1, 40));
    await using runner = createRunner(store, [subscription, other]);
    await runner.start();
    await runner.whenCaughtUp(other);
    expect(await entriesOf(store, 'other')).toHaveLength(40);
    await failureOf(runner.whenCaughtUp(subscription));
  });

  test('without naming the event gets smaller batches until the event is alone', async ({ store }) => {
    const batches: number[] = [];
    const failing: SubscriptionDefinition = {
      ...recorder(store, 'failing'),
      createHandler: () => ({
        prepare: async ({ events }) => {
          batches.push(events.length);
          throw new Error('refused');
        },
      }),
    };
    await store.append('counter-1', amounts(1, 64));
    await using runner = createRunner(store, [failing]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(failing))).toMatchObject({
      message: expect.stringContaining('stopped at event "counter.added", position 1: refused'),
    });
    expect(batches).toEqual([64, 32, 16, 8, 4, 2, 1, 1, 1]);
  });

  test('because a stored event cannot be read stops before that event', async ({ connectionString }) => {
    const v1 = z.object({ amount: z.int() });
    const before = defineEvents('payment', { made: v1 });
    const after = defineEvents('payment', {
      made: schemaVersions(v1).next(z.object({ amount: z.int(), euro: z.number() }), ({ amount }) => {
        if (amount === poison) throw new Error('thirteen is refused');
        return { amount, euro: amount / 100 };
      }),
    });
    await using old = await freshStore(connectionString, { events: [before] });
    await old.append(
      'payment-1',
      [1, 2, poison, 4].map((amount) => before.create.made({ amount })),
    );
    await using store = openStore(connectionString, { schema: old.schema, events: [after] });
    const payments = recorder(store, 'payments', { eventTypes: ['payment.made'] });
    await using runner = createRunner(store, [payments]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(payments))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      subscription: 'payments',
    });
    expect(await amountsOf(store, 'payments')).toEqual([1, 2]);
    expect(await runner.status()).toMatchObject([{ state: 'stopped', position: 2 }]);
  });

  test('with an onIncident that throws continues all the same', async ({ store }) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    const { subscription } = fragile(store);
    const other = recorder(store, 'other');
    await store.append('counter-1', amounts(1, 20));
    await using runner = createRunner(store, [subscription, other], {
      onIncident: () => {
        throw new Error('the callback is broken');
      },
    });
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(subscription))).toMatchObject({ position: poison });
    expect(warned).toHaveBeenCalledWith(expect.objectContaining({ message: 'the callback is broken' }));
    await runner.whenCaughtUp(other);
  });

  test('emits a warning of the process when there is no onIncident', async ({ store }) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    const { subscription } = fragile(store);
    await store.append('counter-1', amounts(poison, poison));
    await using runner = createRunner(store, [subscription], { onIncident: undefined });
    await runner.start();
    const failure = await failureOf(runner.whenCaughtUp(subscription));
    expect(failure).toMatchObject({ name: 'SubscriptionFailedError' });
    await until(() => warned.mock.calls.length > 0);
    expect(warned).toHaveBeenCalledWith(
      expect.objectContaining({ code: 'SUBSCRIPTION_FAILED', subscription: 'fragile' }),
    );
  });
});
