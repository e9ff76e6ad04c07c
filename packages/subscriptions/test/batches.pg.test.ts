import { tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import type { SubscriptionBatchTrace } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { describe, expect, onTestFinished } from 'vitest';
import {
  advanceCheckpoint,
  LeaseTerm,
  type SubscriptionDefinition,
  type SubscriptionHandler,
} from '../src/index.ts';
import { toSubscription } from '../src/subscription/subscription-definition.ts';
import { BatchSize } from '../src/loop/batch-size.ts';
import { IdleAdvances } from '../src/loop/idle-advances.ts';
import { MemoryBudget } from '../src/loop/memory-budget.ts';
import { applyUpTo } from '../src/loop/page-pipeline.ts';
import { ParkingLedger } from '../src/parking/parking-ledger.ts';
import { SubscriptionWaiters } from '../src/wait/subscription-waiters.ts';
import { test } from './engine-test.ts';
import { added, createRunner, recorder } from './recorder.ts';

describe('a batch', () => {
  test.for([
    { pagesInMemory: 3, batches: [1_000, 2_000] },
    // Both pages that fit are in use when the third one is read: the second is written, and nothing is held.
    { pagesInMemory: 2, batches: [1_000, 1_000, 1_000] },
  ])(
    'grows while the one before it is written, for as long as there is memory: %j',
    async ({ pagesInMemory, batches }, { store }) => {
      guarantee('bounded-memory');
      // A page has at most 1000 events.
      await store.append(
        'counter-1',
        Array.from({ length: 3_000 }, () => added(1)),
      );
      const gate = new Gate();
      const written: number[] = [];
      let pages = 0;
      let pending = 0;
      const handler: SubscriptionHandler = {
        prepare: async ({ to, events }) => {
          pages += 1;
          pending += events.length;
          const eventCount = pending;
          // The first batch is being written until the last page is prepared, or finds no memory.
          if (pages === 3) gate.open();
          return {
            to,
            eventCount,
            grows: true,
            write: async () => {
              pending = 0;
              if (written.length === 0) await gate.pass();
              written.push(eventCount);
              return true;
            },
          };
        },
      };
      const size = new BatchSize(5_000);
      for (let doubled = 0; doubled < 4; doubled += 1) size.applied(size.current, 1);
      const term = new LeaseTerm(
        { name: 'growing', version: 1, slice: 0 },
        { owner: 'test', epoch: 1, position: 0, caughtUp: true, leaseMs: 1_000 },
      );
      const state = {
        era: 0,
        parking: new ParkingLedger(() => [], []),
        position: 0,
        until: undefined,
        caughtUp: true,
        writing: false,
        waiting: 0,
        idle: false,
        advancedAt: 0,
        lastFailure: undefined,
        failures: 0,
        mark: 0,
        pace: undefined,
        rests: undefined,
        outages: 0,
      };
      const progress = { term, handler, size, signal: term.signal, ...state };
      const { memory: ofOnePage } = await store.readPage({ after: 0, upTo: 1_000, limit: 1_000 });
      const memory = new MemoryBudget(ofOnePage * (pagesInMemory + 0.5));
      const tryTake = memory.tryTake.bind(memory);
      memory.tryTake = (bytes) => {
        const taken = tryTake(bytes);
        if (!taken) gate.open();
        return taken;
      };
      const shared = {
        idleAdvances: new IdleAdvances(store, async () => {}),
        store,
        waiters: new SubscriptionWaiters(store, { isRunning: () => false, lastFailureOf: () => undefined }),
        batchTimeoutMs: 60_000,
        memory,
      };
      const growing = toSubscription(recorder(store, 'growing'));
      expect(await applyUpTo(shared, growing, progress, 3_000)).toBe('reached');
      expect(written).toEqual(batches);
      expect(memory.tryTake(ofOnePage * (pagesInMemory + 0.5))).toBe(true);
      expect(progress.position).toBe(3_000);
    },
  );

  test('that is not written makes the handler forget what it keeps in memory', async ({ store }) => {
    const steps: string[] = [];
    const subscription: SubscriptionDefinition = {
      name: 'forgetful',
      version: 1,
      eventTypes: ['counter.added'],
      createHandler: (lease) => ({
        prepare: async ({ from, to, events }) => ({
          to,
          eventCount: events.length,
          grows: false,
          write: async () => {
            steps.push('write');
            if (steps.length === 1) return false;
            return advanceCheckpoint(store.db, store.schema, { lease, from, to });
          },
        }),
        forget: () => steps.push('forget'),
      }),
    };
    await store.append('counter-1', [added(1)]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    await runner.stop();
    expect(steps.slice(0, 3)).toEqual(['write', 'forget', 'write']);
  });

  test('is published on the channel leftfold:subscription.batch without event data', async ({ store }) => {
    const messages: unknown[] = [];
    const channel = tracingChannel('leftfold:subscription.batch');
    const handlers = {
      asyncEnd: (message: object) => {
        messages.push({ ...message });
      },
    };
    channel.subscribe(handlers as Parameters<typeof channel.subscribe>[0]);
    onTestFinished(() => {
      channel.unsubscribe(handlers as Parameters<typeof channel.unsubscribe>[0]);
    });
    let failing = true;
    const subscription = recorder(store, 'traced', {
      version: 2,
      onEvent: async () => {
        if (failing) throw new Error('not yet');
      },
    });
    await using runner = createRunner(store, [subscription], { retry: { attempts: 1 } });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await failureOf(runner.whenCaughtUp(subscription));
    failing = false;
    await runner.resume(subscription);
    await runner.whenCaughtUp(subscription);

    const trace: SubscriptionBatchTrace = {
      schema: store.schema,
      name: 'traced',
      version: 2,
      slice: 0,
      from: 0,
      to: 1,
      eventCount: 1,
    };
    expect(messages[0]).toMatchObject({ ...trace, error: expect.any(Error) });
    expect(inspect(messages, { depth: 10 })).not.toContain('amount');
    expect(messages.at(-1)).toEqual({ ...trace, applied: true, result: undefined });
  });
});
