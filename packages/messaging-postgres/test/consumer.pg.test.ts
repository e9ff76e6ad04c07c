import type { Consumer } from '@leftfold/messaging';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { postgresQueue } from '../src/index.ts';
import { createEffects, createShipping, messageAt } from './order-messages.ts';

const test = databaseTest();

const KEYS = 20;
const MESSAGES = 1_000;

const messages = Array.from({ length: MESSAGES }, (_, index) => {
  const position = index + 1;
  const previous = position > KEYS ? position - KEYS : undefined;
  return messageAt(position, { key: `k${position % KEYS}`, previous });
});

test('consumers of a queue that are cut off again and again have each effect once, in order', async ({
  database,
  pool,
}) => {
  guarantee('messages-once');
  guarantee('messages-in-order');
  const url = database.connectionString;
  await createEffects(pool);
  const transport = postgresQueue({ url, queue: 'orders', consumers: ['shipping'], invisibleMs: 1_000 });
  const publisher = await transport.openPublisher();
  // Each is there twice, as a relay leaves them that was killed before it recorded what it had published.
  for (const part of [messages.slice(0, 600), messages.slice(400), messages.slice(0, 400)])
    await publisher.publish(part, new AbortController().signal);
  await publisher.close();

  let calls = 0;
  const incidents: unknown[] = [];
  const start = async (): Promise<Consumer> => {
    const onPlaced = async () => {
      calls += 1;
      if (calls % 97 === 0) throw new Error('busy');
    };
    const consumer = createShipping(url, onPlaced, {
      prefetch: 50,
      concurrency: 4,
      retry: { attempts: 50, firstDelayMs: 1, maxDelayMs: 10 },
      onIncident: ({ error }) => incidents.push(error),
    });
    await consumer.start();
    return consumer;
  };
  const consumers = [await start(), await start()];
  const countEffects = async () => {
    const { rows } = await pool.query<{ count: string }>('select count(*) from effects');
    return Number(rows[0]?.count);
  };
  for (const share of [0.2, 0.4, 0.6, 0.8]) {
    await until(async () => (await countEffects()) >= MESSAGES * share);
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
                       where datname = current_database() and application_name = 'leftfold'`);
    const stopped = consumers.shift();
    await stopped?.stop();
    consumers.push(await start());
  }
  await until(async () => (await countEffects()) === MESSAGES, { timeoutMs: 60_000 });
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  const { rows: disorder } = await pool.query(
    `select from (select amount, lag(amount) over (partition by key order by place) as before from effects) as each
      where each.amount < each.before`,
  );
  expect(disorder).toEqual([]);
  expect(calls).toBeGreaterThan(MESSAGES);
  expect(
    incidents.map((error) => (error as { code?: string }).code).filter((code) => code === 'SOURCE_REWOUND'),
  ).toEqual([]);
}, 120_000);
