import type { PostgresEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { SubscriptionDefinition, SubscriptionPage } from '../src/index.ts';
import { test } from './engine-test.ts';
import { append, parkedOf } from './fragile.ts';
import { createRunner, orderOf, recorder } from './recorder.ts';

/** A handler that throws when it prepares a batch with an amount that is poison, and does not say at which event. */
function unprepared(store: PostgresEventStore, poison: ReadonlySet<number>): SubscriptionDefinition {
  const recording = recorder(store, 'unprepared');
  return {
    ...recording,
    createHandler: (term) => {
      const handler = recording.createHandler(term);
      return {
        prepare: (page: SubscriptionPage) => {
          for (const { data } of page.events) {
            const { amount } = data as { amount: number };
            if (poison.has(amount)) throw new Error(`${amount} is refused`);
          }
          return handler.prepare(page);
        },
      };
    },
  };
}

describe('an event at which a batch cannot be prepared', () => {
  test('is found in the batch, and its key is parked', async ({ store }) => {
    guarantee('parks-a-key');
    const poison = new Set([102]);
    const subscription = { ...unprepared(store, poison), onFailure: 'park' as const };
    await append(store, [101, 1, 102, 2, 103, 3]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await append(store, [4, 104]);
    await runner.whenCaughtUp(subscription);
    expect(await orderOf(store, 'unprepared')).toEqual([101, 1, 2, 3, 4]);
    expect(await runner.parked.list(subscription)).toMatchObject([
      { key: 'counter-a', events: 3, failure: { position: 3, message: '102 is refused', attempts: 3 } },
    ]);

    await runner.parked.resume(subscription, 'counter-a');
    await until(async () => (await runner.parked.list(subscription))[0]?.failure.attempts === 4);
    poison.clear();
    await runner.parked.resume(subscription, 'counter-a');
    await until(async () => (await parkedOf(runner))?.keys === 0);
    expect(await orderOf(store, 'unprepared')).toEqual([101, 1, 2, 3, 4, 102, 103, 104]);
  });

  test('is named when the subscription stops at it', async ({ store }) => {
    const subscription = unprepared(store, new Set([102]));
    await append(store, [101, 1, 102, 2]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(subscription))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      position: 3,
      eventType: 'counter.added',
    });
    expect(await orderOf(store, 'unprepared')).toEqual([101, 1]);
  });
});
