import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Delivery } from '@leftfold/messaging';
import { databaseTest } from '@leftfold/testbed/database';
import { killProcess, pauseProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect, onTestFinished } from 'vitest';
import { openQueue, openStore, orderEvents, relayOrders } from './orders.ts';

const test = databaseTest();

const EVENTS = 1_200;
const KEYS = 7;

function startWorker(url: string): ChildProcess {
  const file = fileURLToPath(new URL('relay-worker.ts', import.meta.url));
  const worker = spawn(process.execPath, [...typescriptFlags, file], {
    env: { ...process.env, WORKER_DATABASE: url },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => killProcess(worker));
  return worker;
}

/** The sequences of a key in the order of their first delivery. */
function firstSeen(deliveries: readonly Delivery[], key: string) {
  const ofKey = deliveries.filter(({ attributes }) => attributes['partitionkey'] === key);
  return [...new Map(ofKey.map(({ attributes }) => [attributes['sequence'], attributes])).values()];
}

test('every event reaches the receiver, in the order of its key, while relays are killed and paused and backends end', {
  timeout: 90_000,
}, async ({ ownDatabase, ownPool }) => {
  guarantee('relays-at-least-once');
  guarantee('relays-in-order');
  guarantee('relays-name-the-message-before');
  const url = ownDatabase.connectionString;
  await using store = openStore(url);
  await store.migrate();
  const { relay, runner } = relayOrders(store, url);
  await runner.migrate();
  await using _stopped = runner;
  const deliveries: Delivery[] = [];
  const transport = openQueue(url);
  const receiver = await transport.openReceiver({
    consumer: 'billing',
    prefetch: 50,
    onDelivery: (delivery) => {
      deliveries.push(delivery);
      delivery.acknowledge();
    },
    onLost: () => {},
  });
  onTestFinished(() => receiver.close());

  const published = async () => {
    const { rows } = await ownPool.query<{ count: number }>(
      'select count(*)::integer as count from leftfold.published_keys',
    );
    return rows[0]?.count ?? 0;
  };
  const appending = (async () => {
    for (let number = 0; number < EVENTS; number += 4) {
      const events = [0, 1, 2, 3].map((one) => orderEvents.create.placed({ cents: number + one }));
      await store.append(`order-${(number / 4) % KEYS}`, events);
    }
  })();
  let worker = startWorker(url);
  await until(async () => (await published()) > 0, { timeoutMs: 20_000 });
  for (let round = 0; round < 3; round += 1) {
    await delay(100);
    await ownPool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and query like '%_record_published%'`,
    );
    // Another one takes over; the paused one wakes up and publishes what it had.
    const paused = worker;
    const pausing = pauseProcess(paused, delay(1_500));
    worker = startWorker(url);
    await pausing;
    await delay(200);
    await killProcess(paused);
  }
  await appending;
  await runner.start();
  await runner.whenCaughtUp(relay);
  const keys = Array.from({ length: KEYS }, (_, number) => `order-${number}`);
  const seen = () => keys.reduce((sum, key) => sum + firstSeen(deliveries, key).length, 0);
  await until(() => seen() >= EVENTS, { timeoutMs: 20_000 });
  for (const key of keys) {
    const attributes = firstSeen(deliveries, key);
    const sequences = attributes.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((one, other) => Number(one) - Number(other)));
    expect(attributes.map(({ previous }) => previous)).toEqual([undefined, ...sequences.slice(0, -1)]);
  }
  expect(seen()).toBe(EVENTS);
});
