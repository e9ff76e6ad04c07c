import { setTimeout as delay } from 'node:timers/promises';
import type { Delivery, OutgoingMessage, Transport } from '@leftfold/messaging';
import { findProgram } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { type RabbitmqServer, type RabbitmqServerOptions, startRabbitmq } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rabbitmq } from '../src/index.ts';
import { bucketOf } from '../src/topology.ts';
import { firstIdsOf, messageOf, messagesOf, never, onChannel, publish, receive } from './broker.ts';

const program = findProgram('rabbitmq-server');

async function ownServer(options: RabbitmqServerOptions = {}): Promise<RabbitmqServer> {
  const server = await startRabbitmq(program!, options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** Publishes as a relay does: opens a publisher again after each failure, and sends what was not confirmed once more. */
async function publishAll(transport: Transport, messages: readonly OutgoingMessage[]): Promise<number> {
  let failures = 0;
  for (let next = 0; next < messages.length; ) {
    try {
      const publisher = await transport.openPublisher();
      try {
        for (; next < messages.length; next += 100) {
          const outcomes = await publisher.publish(messages.slice(next, next + 100), never);
          const refused = outcomes.find((outcome) => outcome !== undefined);
          if (refused !== undefined) throw refused;
        }
      } finally {
        await publisher.close();
      }
    } catch {
      failures += 1;
      await delay(50);
    }
  }
  return failures;
}

/** Receives as a consumer does: opens a receiver again after each failure. Acknowledges a little later. */
function receiveAll(transport: Transport) {
  const deliveries: Delivery[] = [];
  const ended = new AbortController();
  const running = (async () => {
    while (!ended.signal.aborted) {
      let lose: () => void = () => {};
      const lost = new Promise<void>((resolve) => {
        lose = resolve;
      });
      const receiver = await transport
        .openReceiver({
          consumer: 'billing',
          prefetch: 50,
          onDelivery: (delivery) => {
            deliveries.push(delivery);
            setTimeout(() => delivery.acknowledge(), 1);
          },
          onLost: lose,
        })
        .catch(() => undefined);
      if (receiver === undefined) {
        await delay(50);
        continue;
      }
      ended.signal.addEventListener('abort', lose);
      await lost;
      await receiver.close();
    }
  })();
  const stop = async () => {
    ended.abort();
    await running;
  };
  return { deliveries, stop };
}

describe.skipIf(program === undefined)('a RabbitMQ server', { timeout: 240_000 }, () => {
  test('that is killed and started again has lost nothing that it confirmed', async () => {
    guarantee('rabbitmq-keeps-what-was-confirmed');
    const server = await ownServer();
    const transport = rabbitmq({
      url: server.url,
      exchange: 'orders',
      consumers: ['billing'],
      answerMs: 5_000,
    });
    await publish(transport, [messageOf('before', 1)]);
    // It writes the places of new queues to disk some seconds later.
    await server.control('eval', '[dets:sync(Table) || Table <- dets:all()].');
    const messages = messagesOf(20_000);
    const publishing = publishAll(transport, messages);
    const receiving = receiveAll(transport);
    onTestFinished(receiving.stop);
    for (const share of [0.2, 0.5]) {
      await until(() => receiving.deliveries.length > share * messages.length, { timeoutMs: 60_000 });
      await server.kill();
      await server.start();
    }
    expect(await publishing).toBeGreaterThan(0);
    const seen = () => new Set(receiving.deliveries.map(({ attributes }) => attributes['id'])).size;
    await until(() => seen() === messages.length + 1, { timeoutMs: 60_000 });
    for (let key = 0; key < 16; key += 1)
      expect(firstIdsOf(receiving.deliveries, `k${key}`)).toEqual(
        messages.filter((message) => message.key === `k${key}`).map(({ id }) => id),
      );
  });

  test('whose queues have no leader says so, by their names', async () => {
    guarantee('rabbitmq-never-hangs');
    const server = await ownServer();
    const transport = rabbitmq({
      url: server.url,
      exchange: 'orders',
      consumers: ['billing'],
      answerMs: 3_000,
    });
    await publish(transport, messagesOf(100));
    // As after a crash within a second of the declaration: of one, the leader is gone; of the other, it does not answer.
    await server.control('eval', `ra:stop_server(quorum_queues, {'%2F_orders/billing/1', node()}).`);
    await server.control('eval', `sys:suspend('%2F_orders/billing/2').`);
    for (const [place, words] of [
      ['1', /does not take messages for "orders\/billing\/1": .* no leader: .* delete it/],
      ['2', /no message for "orders\/billing\/2" in 3000 ms; .* no leader: .* delete it/],
    ] as const) {
      const publisher = await transport.openPublisher();
      onTestFinished(() => publisher.close());
      const ofQueue = messagesOf(100).filter(({ key }) => bucketOf(key) % 8 === Number(place));
      expect(ofQueue.length).toBeGreaterThan(0);
      const error = await failureOf(publisher.publish(ofQueue, never));
      expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
      expect(String(error)).toMatch(words);
      const others = messagesOf(100).filter(({ key }) => bucketOf(key) % 8 > 2);
      expect(await publish(transport, others)).toEqual(others.map(() => undefined));
    }
    const lost = await failureOf(receive(transport));
    expect(lost).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    expect(String(lost)).toMatch(/"orders\/billing\/1" cannot be read; .* no leader: delete it/);
  });

  test('that confirms out of order tells of each message what became of it', async () => {
    guarantee('rabbitmq-returned-is-refused');
    const server = await ownServer();
    const transport = rabbitmq({
      url: server.url,
      exchange: 'orders',
      consumers: ['billing'],
      answerMs: 30_000,
    });
    const publisher = await transport.openPublisher();
    onTestFinished(() => publisher.close());
    const placeOf = ({ key }: OutgoingMessage) => bucketOf(key) % 8;
    const messages = Array.from({ length: 64 }, (_, index) => messageOf(`k${index}`, 1));
    await publisher.publish(messages, never); // RabbitMQ waits for a queue when a channel first sends to it
    await onChannel(server.url, (channel) => channel.deleteQueue('orders/billing/3'));
    await server.control('eval', `sys:suspend('%2F_orders/billing/2').`);
    const late = messages.filter((message) => placeOf(message) === 2);
    const others = messages.filter((message) => placeOf(message) !== 2);
    let isLate = true;
    const publishingLate = publisher.publish(late, never).finally(() => {
      isLate = false;
    });
    const outcomes = await publisher.publish(others, never);
    expect(isLate).toBe(true);
    expect(others.filter((_, place) => outcomes[place] !== undefined)).toEqual(
      others.filter((message) => placeOf(message) === 3),
    );
    await server.control('eval', `sys:resume('%2F_orders/billing/2').`);
    expect(await publishingLate).toEqual(late.map(() => undefined));
  });

  test('lets in a user with rights to the names that begin with the exchange, and refuses one without', async () => {
    const server = await ownServer();
    const ofUser = new URL(server.url);
    [ofUser.username, ofUser.password] = ['shop', 'a-secret'];
    await server.control('add_user', 'shop', 'a-secret');
    await server.control('set_permissions', 'shop', '^$', '^$', '^$');
    const transport = rabbitmq({ url: ofUser.href, exchange: 'orders', consumers: ['billing'] });
    const error = await failureOf(transport.openPublisher());
    expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    expect(String(error)).toMatch(/exchange "orders" cannot be declared: ACCESS_REFUSED/);
    expect(JSON.stringify([String(error), error])).not.toContain('a-secret');
    const names = '^orders(/.*)?$';
    await server.control('set_permissions', 'shop', names, `${names}|^amq\\.default$`, names);
    const publisher = await transport.openPublisher();
    onTestFinished(() => publisher.close());
    await publisher.check(never);
    expect(await publisher.publish(messagesOf(10), never)).toEqual(Array(10).fill(undefined));
    await using receiving = await receive(transport);
    await until(() => receiving.deliveries.length === 10);
  });

  test('without memory or disk takes nothing, and says so; then it goes on', async () => {
    guarantee('rabbitmq-never-hangs');
    const server = await ownServer();
    const transport = rabbitmq({
      url: server.url,
      exchange: 'orders',
      consumers: ['billing'],
      answerMs: 2_000,
    });
    const publisher = await transport.openPublisher();
    onTestFinished(() => publisher.close());
    await publisher.check(never);
    await server.control('set_vm_memory_high_watermark', '0.00001');
    const error = await failureOf(publisher.publish(messagesOf(10), never));
    expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    expect(String(error)).toMatch(/in 2000 ms: no publisher may send now \(low on memory\)/);
    const next = await transport.openPublisher();
    onTestFinished(() => next.close());
    expect(await failureOf(next.check(never))).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await server.control('set_vm_memory_high_watermark', '0.4');
    expect(await publish(transport, messagesOf(10))).toEqual(Array(10).fill(undefined));
  });

  test('that takes smaller messages than are sent refuses those alone', async () => {
    const server = await ownServer({ settings: ['max_message_size = 1000'] });
    const transport = rabbitmq({ url: server.url, exchange: 'orders', consumers: ['billing'] });
    const publisher = await transport.openPublisher();
    onTestFinished(() => publisher.close());
    const body = (size: number) => ({ body: new Uint8Array(size) });
    const messages = [
      messageOf('a', 1, body(1_001)),
      ...messagesOf(50),
      messageOf('b', 2, body(1_000)),
      messageOf('c', 3, body(50_000)),
    ];
    const batches = [publisher.publish(messages, never), publisher.publish(messagesOf(50, 51), never)];
    const [first, second] = await Promise.all(batches);
    expect(second).toEqual(Array(50).fill(undefined));
    expect(first?.slice(1, -1)).toEqual(Array(51).fill(undefined));
    for (const refused of [first?.[0], first?.at(-1)])
      expect(refused).toMatchObject({
        code: 'MESSAGE_REFUSED',
        message: expect.stringMatching(/more than 1000 bytes/),
      });
    expect(await publisher.publish([messageOf('a', 2)], never)).toEqual([undefined]);
  });

  test('with the plugin deals keys out by a consistent hash, each to one queue', async () => {
    guarantee('rabbitmq-in-order');
    const server = await ownServer({ plugins: ['rabbitmq_consistent_hash_exchange'] });
    const given = { url: server.url, exchange: 'orders', consumers: ['billing'] } as const;
    const transport = rabbitmq({ ...given, distribution: 'consistent-hash', queues: 4 });
    const messages = messagesOf(2_000);
    await publish(transport, messages);
    const counts = await onChannel(server.url, async (channel) => {
      const queues = ['0', '1', '2', '3'].map((place) => channel.checkQueue(`orders/billing/${place}`));
      return (await Promise.all(queues)).map(({ messageCount }) => messageCount);
    });
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2_000);
    await using receiving = await receive(transport);
    await until(() => receiving.deliveries.length === 2_000);
    for (let key = 0; key < 16; key += 1)
      expect(firstIdsOf(receiving.deliveries, `k${key}`)).toEqual(
        messages.filter((message) => message.key === `k${key}`).map(({ id }) => id),
      );
    const error = await failureOf(rabbitmq({ ...given, queues: 4 }).openPublisher());
    expect(String(error)).toMatch(/is declared otherwise: .*x-consistent-hash/);
  });
});
