import { defineReaction } from '@leftfold/core';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createReactionRunner, type SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, counterEvents, createRunner, recorder } from './recorder.ts';

const fails = (): never => {
  throw new Error('trap');
};
const withMessage = (message: PropertyDescriptor) =>
  Object.defineProperty(new Error('x'), 'message', message);

/** What handlers can throw. */
const thrown: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['an object without a prototype', Object.create(null)],
  ['a symbol', Symbol('s')],
  ['an error whose message is a number', withMessage({ value: 5 })],
  ['an error whose message cannot be read', withMessage({ get: fails })],
  ['a proxy', new Proxy({}, { get: fails, has: fails, getPrototypeOf: fails })],
  ['a message with a half of a pair', new Error('half \ud83d end')],
  ['a message that is cut within a pair', new Error(`x${'😀'.repeat(2_000)}`)],
  ['a message with NUL', new Error('a\u0000b')],
];

/** Throws at the amount 13. */
const throwing = (error: unknown) => async (amount: number) => {
  if (amount === 13) throw error;
};

describe.each(thrown)('a handler that throws %s', (_, error) => {
  test('stops its subscription, after as many attempts as are allowed', async ({ store }) => {
    const incidents: SubscriptionIncident[] = [];
    const onEvent = ({ data }: { data: unknown }) => throwing(error)((data as { amount: number }).amount);
    const subscription = recorder(store, 'odd', { onEvent });
    await store.append('counter-a', [added(13)]);
    await using runner = createRunner(store, [subscription], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(subscription, { timeoutMs: 20_000 }))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      position: 1,
    });
    expect(incidents.map(({ stopped }) => stopped)).toEqual([false, false, true]);
    const [status] = await runner.status();
    expect(status?.state).toBe('stopped');
    expect(status?.failure?.message).toMatch(/^\P{Cs}+$/u);
  });

  test('parks the key of the event', async ({ store }) => {
    const onEvent = ({ data }: { data: unknown }) => throwing(error)((data as { amount: number }).amount);
    const subscription = { ...recorder(store, 'odd', { onEvent }), onFailure: 'park' } as const;
    await store.append('counter-a', [added(13)]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription, { timeoutMs: 20_000 });
    const [parked] = await runner.parked.list(subscription);
    expect(parked?.failure.message).toMatch(/^\P{Cs}+$/u);
  });

  test('parks the key of a reaction', async ({ store }) => {
    const reaction = defineReaction({
      name: 'odd',
      start: 'beginning',
      events: [counterEvents],
      onFailure: 'park',
      retry: { attempts: 2, firstDelayMs: 5, maxDelayMs: 5 },
      on: { 'counter.added': ({ data }) => throwing(error)(data.amount) },
    });
    await store.append('counter-a', [added(13)]);
    const incidents: SubscriptionIncident[] = [];
    await using runner = createReactionRunner({
      store,
      reactions: [reaction],
      leaseMs: 2_000,
      onIncident: (incident) => incidents.push(incident),
      execute: () => Promise.reject(new Error('no commands here')),
    });
    await runner.start();
    await until(async () =>
      (await runner.parked.list(reaction)).some(({ resumeAt }) => resumeAt === undefined),
    );
    await until(async () => incidents.length > 1); // reported once it is committed
    // The first one is of an attempt that is followed by another.
    expect(incidents.map(({ stopped }) => stopped)).toEqual([false, false]);
    expect(incidents[1]).toMatchObject({ error: { code: 'EVENT_PARKED', key: 'counter-a' } });
    expect(await runner.status()).toMatchObject([{ state: 'running', parked: { keys: 1, events: 1 } }]);
  });
});
