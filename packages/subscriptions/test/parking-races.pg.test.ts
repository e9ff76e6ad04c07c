import { defineReaction } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { createReactionRunner, type SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { append, fragile, parkedOf } from './fragile.ts';
import { counterEvents, createRunner, orderOf } from './recorder.ts';

test('events that are being given up while the leader processes them are not processed', async ({
  adminStore: store,
}) => {
  guarantee('gives-up-with-a-record');
  const gate = new Gate();
  const { subscription, poison } = fragile(store, [102], async (amount) => {
    if (amount === 102 && poison.size === 0) await gate.pass();
  });
  await append(store, [102, 103]);
  await using runner = createRunner(store, [subscription], { leaseMs: 60_000 });
  await runner.start();
  await runner.whenCaughtUp(subscription);
  poison.clear();
  await runner.parked.resume(subscription, 'counter-a');
  await gate.reached();
  // The leader's batch waits for this transaction, in which the events are gone.
  await store.db.transaction().execute(async (tx) => {
    const giveUp = sql.id(store.schema, '_give_up_parked');
    await sql`select ${giveUp}('fragile', 1, 'counter-a', null, 'a test', 'ada')`.execute(tx);
    gate.open();
    await untilBlocked(store.pool);
  });
  await until(async () => (await parkedOf(runner))?.keys === 0);
  expect(await orderOf(store, 'fragile')).toEqual([]);
  expect(await runner.parked.givenUp(subscription)).toMatchObject([{ positions: [1, 2] }]);
});

test('a key that was resumed is processed like others, without an incident', async ({ store }) => {
  guarantee('resumes-in-order');
  const { subscription, poison } = fragile(store, [102]);
  const incidents: SubscriptionIncident[] = [];
  await append(store, [102]);
  await using runner = createRunner(store, [subscription], {
    onIncident: (incident) => incidents.push(incident),
  });
  await runner.start();
  await runner.whenCaughtUp(subscription);
  incidents.length = 0;
  poison.clear();
  await runner.parked.resume(subscription, 'counter-a');
  await until(async () => (await parkedOf(runner))?.keys === 0);
  await append(store, [103, 1, 104]);
  await runner.whenCaughtUp(subscription);
  expect(await orderOf(store, 'fragile')).toEqual([102, 103, 1, 104]);
  expect(incidents).toEqual([]);
});

test('an event that is given up while it is tried, and fails then, holds up no later one', async ({
  store,
}) => {
  guarantee('gives-up-with-a-record');
  const gate = new Gate();
  const effects: number[] = [];
  let attempts = 0;
  const reaction = defineReaction({
    name: 'mails',
    start: 'beginning',
    onFailure: 'park',
    retry: { attempts: 3, firstDelayMs: 5, maxDelayMs: 10 },
    events: [counterEvents],
    on: {
      'counter.added': async ({ data: { amount } }) => {
        if (amount !== 1) return void effects.push(amount);
        attempts += 1;
        if (attempts === 3) await gate.pass();
        throw new Error('no answer');
      },
    },
  });
  const execute = () => Promise.reject(new Error('no commands here'));
  await using runner = createReactionRunner({ store, reactions: [reaction], execute, onIncident: () => {} });
  await runner.start();
  await append(store, [1]);
  // In the last attempt: a failure of it parks the key.
  await gate.reached();
  expect(await runner.parked.giveUp(reaction, 'counter-b', { by: 'ada', reason: 'a test' })).toBe(1);
  gate.open();
  await append(store, [3]);
  await until(() => effects.length === 1);
  await until(async () => (await runner.parked.list(reaction)).length === 0);
  expect(effects).toEqual([3]);
});
