import { type AnyReaction, defineReaction, tokenOf } from '@leftfold/core';
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

test('a subscription without keys that wait says in its process what fails, and a wait has it as its cause', async ({
  store,
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
  const retrying = expect.stringMatching(
    /^event "counter.added" at position 1 failed (once|\d+ times): no disk$/,
  );
  expect(await runner.status()).toMatchObject([{ state: 'running', failure: undefined, retrying }]);
  expect(await failureOf(runner.whenCaughtUp(subscription, { timeoutMs: 100 }))).toMatchObject({
    code: 'SUBSCRIPTION_TIMEOUT',
    reached: 0,
    message: expect.stringMatching(/is at position 0, not yet at 1, after 100 ms: event/),
    cause: { message: retrying },
  });
  fails = false;
  await runner.whenCaughtUp(subscription, { timeoutMs: 20_000 });
  expect(await runner.status()).toMatchObject([{ retrying: undefined }]);
});
