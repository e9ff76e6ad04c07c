import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { append, fragile, parkedOf } from './fragile.ts';
import { createRunner, orderOf } from './recorder.ts';

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
