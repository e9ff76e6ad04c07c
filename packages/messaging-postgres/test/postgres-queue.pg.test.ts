import type { Delivery, OutgoingMessage, Receiver, Transport } from '@leftfold/messaging';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Pool } from 'pg';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { postgresQueue, type PostgresQueueOptions } from '../src/index.ts';

const never = new AbortController().signal;

let queues = 0;
const test = databaseTest().extend('queue', ({ database }) => {
  queues += 1;
  const queue = `orders ${queues}`;
  return (options: Partial<PostgresQueueOptions> = {}) =>
    postgresQueue({ url: database.connectionString, queue, invisibleMs: 1_000, ...options });
});

const message = (key: string, number: number): OutgoingMessage => ({
  id: `${key}-${number}`,
  key,
  sequence: String(number).padStart(16, '0'),
  attributes: { id: `${key}-${number}`, subject: 'a "quoted" \u0000 text', partitionkey: key },
  body: new TextEncoder().encode(JSON.stringify({ number })),
  contentType: 'application/json',
});

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

async function publish(transport: Transport, messages: readonly OutgoingMessage[]) {
  const publisher = await transport.openPublisher();
  try {
    return await publisher.publish(messages, never);
  } finally {
    await publisher.close();
  }
}

interface Receiving extends AsyncDisposable {
  readonly deliveries: Delivery[];
  readonly ids: () => readonly (string | undefined)[];
  readonly lost: Error[];
  readonly receiver: Receiver;
}

async function receive(
  transport: Transport,
  consumer: string,
  { prefetch = 100, acknowledge = true } = {},
): Promise<Receiving> {
  const deliveries: Delivery[] = [];
  const lost: Error[] = [];
  const receiver = await transport.openReceiver({
    consumer,
    prefetch,
    onDelivery: (delivery) => {
      deliveries.push(delivery);
      if (acknowledge) delivery.acknowledge();
    },
    onLost: (error) => lost.push(error),
  });
  const ids = () => deliveries.map(({ attributes }) => attributes['id']);
  return { deliveries, ids, lost, receiver, [Symbol.asyncDispose]: () => receiver.close() };
}

describe('a queue', () => {
  test.for(['null, 1000, 1000', '1, null, 1000', '1, 1000, null'])(
    'gives nothing to a receiver with (%s): it would be lost to all others',
    async (limits, { queue, database }) => {
      await publish(queue({ consumers: ['billing'] }), [message('k', 1)]);
      await using transaction = await beginTransaction(database.connectionString);
      const received = transaction.client.query(
        `select leftfold_queue.receive('orders', 'billing', 'one', ${limits})`,
      );
      await expect(received).rejects.toMatchObject({ code: '22023' });
    },
  );

  test('gives what is no object of attributes as it came', async ({ queue, database }) => {
    const transport = queue({ consumers: ['billing'] });
    const strange = ['[]', 'no JSON', '{"id": 5, "deep": [{}]}', '['.repeat(20_000)];
    await publish(
      transport,
      strange.map((_, number) => message(`k${number}`, number)),
    );
    await using transaction = await beginTransaction(database.connectionString);
    for (const [number, text] of strange.entries())
      await transaction.client.query(
        'update leftfold_queue.messages set attributes = $1 where key = $2 and consumer = $3',
        [text, `k${number}`, 'billing'],
      );
    await transaction.commit();
    await using receiving = await receive(transport, 'billing');
    await until(() => receiving.deliveries.length === strange.length);
    expect(receiving.deliveries.map(({ attributes }) => attributes)).toEqual([
      { attributes: '[]' },
      { attributes: 'no JSON' },
      { id: '5', deep: '[{}]' },
      { attributes: strange[3] },
    ]);
  });

  test('gives each consumer each message, as it was published and in its order', async ({ queue }) => {
    guarantee('queue-in-order');
    const transport = queue({ consumers: ['billing', 'stock'] });
    const messages = range(1, 2_500).map((number) => message(`k${number % 7}`, number));
    expect(await publish(transport, messages)).toEqual(messages.map(() => undefined));
    for (const consumer of ['billing', 'stock']) {
      await using receiving = await receive(transport, consumer);
      await until(() => receiving.deliveries.length >= 2_500, { timeoutMs: 20_000 });
      expect(receiving.ids()).toEqual(messages.map(({ id }) => id));
      const [first] = receiving.deliveries;
      expect(first).toMatchObject({ redelivered: false, contentType: 'application/json' });
      expect(first?.attributes).toEqual(messages[0]?.attributes);
      expect(JSON.parse(new TextDecoder().decode(first?.body))).toEqual({ number: 1 });
    }
  });

  test('refuses a message that no consumer would get', async ({ queue }) => {
    const transport = queue();
    const [outcome] = await publish(transport, [message('a', 1)]);
    expect(outcome).toMatchObject({ code: 'MESSAGE_REFUSED', messageId: 'a-1' });
    await using receiving = await receive(transport, 'billing');
    expect(await publish(transport, [message('a', 2)])).toEqual([undefined]);
    await until(() => receiving.deliveries.length === 1);
    expect(receiving.ids()).toEqual(['a-2']);
  });

  test('keeps the key of a message in flight from other receivers, for as long as that one lives', async ({
    queue,
  }) => {
    guarantee('queue-in-order');
    const transport = queue({ consumers: ['billing'] });
    await publish(transport, [message('a', 1)]);
    await using first = await receive(transport, 'billing', { acknowledge: false });
    await until(() => first.deliveries.length === 1);
    await using second = await receive(transport, 'billing', { acknowledge: false });
    await publish(transport, [message('b', 3)]);
    await until(() => first.deliveries.length + second.deliveries.length === 2);
    // Longer than `invisibleMs`: it is kept.
    const began = performance.now();
    await until(() => performance.now() > began + 1_500);
    await publish(transport, [message('a', 2)]);
    await until(() => first.deliveries.length + second.deliveries.length === 3);
    expect(second.ids()).not.toContain('a-2');
    expect(second.ids()).not.toContain('a-1');
  });

  test('gives what a receiver has not acknowledged to another one, marked, once it is closed', async ({
    queue,
  }) => {
    const transport = queue({ consumers: ['billing'], invisibleMs: 60_000 });
    await publish(transport, [message('a', 1), message('a', 2)]);
    const first = await receive(transport, 'billing', { acknowledge: false });
    await until(() => first.deliveries.length === 2);
    await first.receiver.close();
    first.deliveries[0]!.acknowledge(); // too late
    await using second = await receive(transport, 'billing');
    await until(() => second.deliveries.length === 2);
    expect(second.ids()).toEqual(['a-1', 'a-2']);
    expect(second.deliveries.map(({ redelivered }) => redelivered)).toEqual([true, true]);
  });

  test('gives a large message that takes longer than other answers may, and keeps others meanwhile', async ({
    queue,
    database,
  }) => {
    const transport = queue({ consumers: ['billing'], invisibleMs: 5_000 });
    await publish(transport, [message('a', 1), { ...message('b', 2), body: new Uint8Array(5 * 2 ** 20) }]);
    const slow = new Pool({ connectionString: database.connectionString, max: 1 });
    const { rows } = await slow.query<{ source: string }>(
      `select pg_get_functiondef('leftfold_queue.read_body'::regproc) as source`,
    );
    await slow.query(rows[0]!.source.replace('message.body', '(select message.body from pg_sleep(11))'));
    await using first = await receive(transport, 'billing', { acknowledge: false });
    const given = 'select from leftfold_queue.messages where receiver is not null and length(body) > 1e6';
    await until(async () => (await slow.query(given)).rowCount === 1);
    await using second = await receive(transport, 'billing');
    await until(() => first.deliveries.length === 2, { timeoutMs: 30_000 });
    expect(first.deliveries[1]?.body).toHaveLength(5 * 2 ** 20);
    expect([first.ids(), first.lost, second.ids()]).toEqual([['a-1', 'b-2'], [], []]);
    await slow.query(rows[0]!.source);
    await slow.end();
  });

  test('gives what a receiver has left behind to another one after a time', async ({ queue, database }) => {
    guarantee('queue-in-order');
    await (await queue({ consumers: ['billing'] }).openPublisher()).close();
    const pool = new Pool({ connectionString: database.connectionString });
    await publish(queue(), [message('a', 1)]);
    const dead = await receive(queue({ url: undefined, pool }), 'billing', { acknowledge: false });
    await until(() => dead.deliveries.length === 1);
    await pool.end();
    await until(() => dead.lost.length === 1);
    expect(dead.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await using next = await receive(queue(), 'billing');
    await until(() => next.deliveries.length === 1, { timeoutMs: 10_000 });
    expect(next.deliveries[0]?.redelivered).toBe(true);
  });
});

describe('a queue that cannot be reached', () => {
  test('refuses a login that the database refuses', async ({ database }) => {
    const url = new URL(database.connectionString);
    url.pathname = '/not_there';
    const error = await failureOf(postgresQueue({ url: url.href, queue: 'orders' }).openPublisher());
    expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED' });
  });

  test('takes no other options than it has', () => {
    const url = 'postgres://x';
    for (const options of [
      {},
      { queue: 'a' },
      { url, queue: 'a', name: 1 },
      { url, queue: 'a', consumers: [1] },
    ])
      expect(() => postgresQueue(options as PostgresQueueOptions)).toThrow(/must|has no/);
    expect(() => postgresQueue({ url, queue: '' })).toThrow(/queue/);
  });
});

test('works without prepared statements and without LISTEN', async ({ queue }) => {
  const transport = queue({ preparedStatements: false, listen: false });
  await using received = await receive(transport, 'billing');
  const messages = range(1, 3).map((number) => message('a', number));
  expect(await publish(transport, messages)).toEqual([undefined, undefined, undefined]);
  await until(() => received.ids().length === 3);
  expect(received.ids()).toEqual(messages.map(({ id }) => id));
});
