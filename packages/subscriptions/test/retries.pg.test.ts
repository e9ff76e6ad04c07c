import { type AnyReaction, ClosedError, defineReaction, tokenOf } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createReactionRunner, type SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, counterEvents, createRunner, openStore, recorder } from './recorder.ts';

/** Longer than any test. */
const LONG_MS = 600_000;

/** A reaction that fails at the amount 1. @param firstDelayMs before the second attempt */
const failing = (firstDelayMs: number) =>
  defineReaction({
    name: 'mails',
    start: 'beginning',
    onFailure: 'park',
    retry: { attempts: 3, firstDelayMs, maxDelayMs: LONG_MS },
    events: [counterEvents],
    on: {
      'counter.added': async ({ data }) => {
        if (data.amount === 1) throw new Error('no mail');
      },
    },
  });

function reactionRunner(
  store: PostgresEventStore,
  reaction: AnyReaction,
  incidents: SubscriptionIncident[] = [],
) {
  return createReactionRunner({
    store,
    reactions: [reaction],
    leaseMs: 2_000,
    execute: () => Promise.reject(new Error('no commands here')),
    onIncident: (incident) => incidents.push(incident),
  });
}

describe('a reaction that fails', () => {
  test('tells of each attempt, and then that the key is parked', async ({ store }) => {
    const incidents: SubscriptionIncident[] = [];
    const reaction = failing(5);
    await store.append('counter-a', [added(1)]);
    await using runner = reactionRunner(store, reaction, incidents);
    await runner.start();
    await until(() => incidents.length >= 3);
    const attempt = {
      subscription: { name: 'mails', version: 1, slice: 0 },
      error: expect.objectContaining({ message: 'no mail' }),
      stopped: false,
    };
    const parked = { ...attempt, error: expect.objectContaining({ code: 'EVENT_PARKED' }) };
    expect(incidents).toEqual([attempt, attempt, parked]);
    expect(await runner.status()).toMatchObject([{ retrying: undefined, parked: { keys: 1 } }]);
  });

  test('says in each process that it is tried again, and why; so does a wait that times out', async ({
    store,
    processUrl,
  }) => {
    const incidents: SubscriptionIncident[] = [];
    const reaction = failing(LONG_MS);
    const { events } = await store.append('counter-a', [added(1), added(2)]);
    await store.append('counter-b', [added(3)]);
    await using runner = reactionRunner(store, reaction, incidents);
    await runner.start();
    await until(() => incidents.length > 0);
    await using other = openStore(processUrl, { schema: store.schema });
    await using observer = reactionRunner(other, reaction);
    const retrying = 'event "counter.added" at position 1 failed once: no mail';
    for (const asked of [runner, observer]) {
      expect(await asked.status()).toMatchObject([{ state: 'running', failure: undefined, retrying }]);
      for (const event of events) {
        const late = failureOf(asked.waitFor(reaction, tokenOf(event), { timeoutMs: 100 }));
        expect(await late).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT', cause: { message: retrying } });
      }
      const began = performance.now();
      expect(await failureOf(asked.whenCaughtUp(reaction, { timeoutMs: 300 }))).toMatchObject({
        code: 'SUBSCRIPTION_TIMEOUT',
        wanted: 3,
        reached: 3,
        message: `reaction "mails" is at position 3, but does not have what is waited for at 3, after 300 ms: ${retrying}`,
      });
      // Timers of Node can be a millisecond early.
      expect(performance.now() - began).toBeGreaterThan(298);
    }
  });

  test('is not waited for by events of other keys', async ({ store }) => {
    const incidents: SubscriptionIncident[] = [];
    const reaction = failing(LONG_MS);
    await store.append('counter-a', [added(1)]);
    const { events } = await store.append('counter-b', [added(3)]);
    await using runner = reactionRunner(store, reaction, incidents);
    await runner.start();
    await runner.waitFor(reaction, tokenOf(events.at(-1)), { timeoutMs: 20_000 });
  });
});

/** How the view has what is tried again. */
const viewed = (store: PostgresEventStore) =>
  store.run<object>({
    name: undefined,
    text: `select state, retry_position, retry_type, retry_message, retry_attempts >= 1 as tried
             from "${store.schema}".subscription_status`,
    values: [],
  });

describe('a subscription without keys that wait', () => {
  test('says in each process, and in the view, what fails; a wait has it as its cause', async ({
    store,
    processUrl,
  }) => {
    let fails = true;
    const subscription = recorder(store, 'recorder', {
      onEvent: async () => {
        if (fails) throw new Error('no disk');
      },
    });
    const incidents: SubscriptionIncident[] = [];
    await store.append('counter-a', [added(1)]);
    await using runner = createRunner(store, [subscription], {
      retry: { attempts: 1_000, firstDelayMs: 5, maxDelayMs: 10 },
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await until(() => incidents.length > 1);
    await using other = openStore(processUrl, { schema: store.schema });
    await using observer = createRunner(other, [recorder(other, 'recorder')]);
    const retrying = expect.stringMatching(
      /^event "counter.added" at position 1 failed (once|\d+ times): no disk$/,
    );
    for (const asked of [runner, observer]) {
      expect(await asked.status()).toMatchObject([{ state: 'running', failure: undefined, retrying }]);
      for (const late of [
        failureOf(asked.whenCaughtUp(subscription, { timeoutMs: 200 })),
        failureOf(asked.waitForPosition(subscription, 1, { timeoutMs: 200 })),
      ])
        expect(await late).toMatchObject({
          code: 'SUBSCRIPTION_TIMEOUT',
          reached: 0,
          message: expect.stringMatching(/is at position 0, not yet at 1, after 200 ms: event/),
          cause: { message: retrying },
        });
    }
    const failed = {
      state: 'running',
      retry_position: 1,
      retry_type: 'counter.added',
      retry_message: 'no disk',
      tried: true,
    };
    expect(await viewed(store)).toEqual([failed]);
    fails = false;
    await runner.whenCaughtUp(subscription, { timeoutMs: 20_000 });
    for (const asked of [runner, observer])
      expect(await asked.status()).toMatchObject([{ retrying: undefined }]);
    const nothing = { retry_position: null, retry_type: null, retry_message: null, tried: null };
    expect(await viewed(store)).toEqual([{ state: 'running', ...nothing }]);
  });

  test('says in another process that its handler cannot be created', async ({ store, processUrl }) => {
    const incidents: SubscriptionIncident[] = [];
    const subscription = {
      ...recorder(store, 'recorder'),
      createHandler: () => {
        throw new ClosedError('the broker');
      },
    };
    await store.append('counter-a', [added(1)]);
    await using runner = createRunner(store, [subscription], {
      retry: { attempts: 2, firstDelayMs: 5, maxDelayMs: 10 },
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await until(() => incidents.length > 1);
    await using other = openStore(processUrl, { schema: store.schema });
    await using observer = createRunner(other, [recorder(other, 'recorder')]);
    const retrying = expect.stringMatching(/^\d+ attempts failed, .*the broker/);
    expect(await observer.status()).toMatchObject([{ failure: undefined, retrying }]);
    expect(await failureOf(observer.whenCaughtUp(subscription, { timeoutMs: 200 }))).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      cause: { message: retrying },
    });
  });

  test('says nothing of a failure before a reset, or while it is paused', async ({ store }) => {
    const incidents: SubscriptionIncident[] = [];
    const subscription = recorder(store, 'recorder', {
      onEvent: () => Promise.reject(new Error('no disk')),
    });
    await store.append('counter-a', [added(1)]);
    const runner = createRunner(store, [subscription], {
      retry: { attempts: 1_000, firstDelayMs: 5, maxDelayMs: 10 },
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await until(() => incidents.length > 1);
    await runner.stop();
    await using observer = createRunner(store, [subscription]);
    const failed = { retry_position: 1, retry_message: 'no disk' };
    const nothing = { retry_position: null, retry_message: null };
    expect(await viewed(store)).toMatchObject([failed]);
    await observer.pause(subscription);
    expect(await viewed(store)).toMatchObject([nothing]);
    await observer.resume(subscription);
    expect(await viewed(store)).toMatchObject([failed]);
    await observer.reset(subscription);
    expect(await viewed(store)).toMatchObject([nothing]);
  });
});

test('the view has the last failure of keys that wait, by slice', async ({ store }) => {
  const incidents: SubscriptionIncident[] = [];
  const reaction = failing(LONG_MS);
  await store.append('counter-a', [added(1), added(2)]);
  await using runner = reactionRunner(store, reaction, incidents);
  await runner.start();
  await until(() => incidents.length > 0);
  expect(await viewed(store)).toEqual([
    {
      state: 'running',
      retry_position: 1,
      retry_type: 'counter.added',
      retry_message: 'no mail',
      tried: true,
    },
  ]);
});
