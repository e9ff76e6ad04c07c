import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { databaseTest } from '@leftfold/testbed/database';
import { killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect, onTestFinished } from 'vitest';
import { postgresQueue } from '../src/index.ts';
import { createEffects, createShipping, messageAt } from './order-messages.ts';

const test = databaseTest();

test('a process that is killed between receive and commit loses nothing: receive before inbox commit', async ({
  ownDatabase,
  ownPool,
}) => {
  guarantee('messages-never-lost');
  guarantee('messages-once');
  const url = ownDatabase.connectionString;
  await createEffects(ownPool);
  const amounts = async () => {
    const { rows } = await ownPool.query<{ amount: number }>('select amount from effects order by place');
    return rows.map(({ amount }) => amount);
  };
  const publisher = await postgresQueue({ url, queue: 'orders', consumers: ['shipping'] }).openPublisher();
  const positions = [1, 2, 3, 4, 5];
  const messages = positions.map((position) =>
    messageAt(position, { key: 'a', previous: position === 1 ? undefined : position - 1 }),
  );
  await publisher.publish(messages, new AbortController().signal);
  await publisher.close();

  const file = fileURLToPath(new URL('consumer-worker.ts', import.meta.url));
  const worker = fork(file, {
    execArgv: [...typescriptFlags],
    env: { ...process.env, WORKER_DATABASE: url, WORKER_STAYS_AT: '3' },
  });
  onTestFinished(() => killProcess(worker));
  await once(worker, 'message');
  // It has received all of them, acknowledged two, and is in the transaction of the third.
  expect(await amounts()).toEqual([1, 2]);
  await killProcess(worker);

  const attempts: number[] = [];
  const next = createShipping(url, async (_amount, { attempt }) => void attempts.push(attempt));
  await next.start();
  onTestFinished(() => next.stop());
  await until(async () => (await amounts()).length >= 5);
  expect(await amounts()).toEqual(positions);
  expect(attempts).toEqual([1, 1, 1]);
  const left = async () => (await ownPool.query('select from leftfold_queue.messages')).rowCount;
  await until(async () => (await left()) === 0);
});
