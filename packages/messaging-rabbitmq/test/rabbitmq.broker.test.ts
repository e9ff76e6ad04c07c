import type { Delivery } from '@leftfold/messaging';
import { TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { serviceUrl } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rabbitmq, type RabbitmqOptions } from '../src/index.ts';
import { bucketOf } from '../src/topology.ts';
import {
  exchangeName,
  firstIdsOf,
  idsOf,
  messageOf,
  messagesOf,
  never,
  onChannel,
  publish,
  receive,
  removeExchange,
} from './broker.ts';

const served = serviceUrl('RABBITMQ_URL');
const url = served ?? '';

/** Options of a transport to an exchange of the test's own, which is removed when it has finished. */
function options(): RabbitmqOptions {
  const exchange = exchangeName();
  onTestFinished(() => removeExchange(url, exchange));
  return { url, exchange, consumers: ['billing'] };
}

const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };

describe.skipIf(served === undefined)('what is declared', () => {
  test('is the same each time, and another number of queues is refused', async () => {
    const given = options();
    await publish(rabbitmq(given), [messageOf('a', 1)]);
    await publish(rabbitmq(given), [messageOf('a', 2)]);
    const error = await failureOf(rabbitmq({ ...given, queues: 4 }).openPublisher());
    expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    expect(String(error)).toMatch(/billing" has 8 queues and not 4: .* set the option queues to 8/);
    await using receiving = await receive(rabbitmq(given));
    await until(() => receiving.deliveries.length === 2);
    expect(idsOf(receiving.deliveries)).toEqual(['a-1', 'a-2']);
  });

  test('may not be there as something else', async () => {
    const given = options();
    await onChannel(url, (channel) => channel.assertExchange(given.exchange, 'topic'));
    const exchangeError = await failureOf(rabbitmq(given).openPublisher());
    expect(exchangeError).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    expect(String(exchangeError)).toMatch(/is declared otherwise: .*'topic'.*; name another exchange/);

    const other = options();
    await onChannel(url, (channel) => channel.assertQueue(`${other.exchange}/billing/3`));
    const queueError = await failureOf(rabbitmq(other).openPublisher());
    expect(queueError).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    expect(String(queueError)).toMatch(/billing\/3" is declared otherwise: .*'x-single-active-consumer'/);
  });

  test('can be a consistent hash only where the server has its plugin', async () => {
    const error = await failureOf(
      rabbitmq({ ...options(), distribution: 'consistent-hash' }).openPublisher(),
    );
    expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    expect(String(error)).toMatch(/enable its plugin rabbitmq_consistent_hash_exchange/);
  });

  test('is declared again when it was deleted', async () => {
    const given = options();
    const transport = rabbitmq(given);
    const publisher = await transport.openPublisher();
    await using receiving = await receive(transport);
    await removeExchange(url, given.exchange);
    await until(() => receiving.lost.length === 1);
    expect(receiving.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    const error = await failureOf(publisher.publish([messageOf('a', 1)], never));
    expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await publisher.close();
    expect(await publish(transport, [messageOf('a', 1)])).toEqual([undefined]);
    await using again = await receive(transport);
    await until(() => again.deliveries.length === 1);
  });

  test('loses a queue: what would get lost with it comes back, and the next attempt declares the queue', async () => {
    guarantee('rabbitmq-returned-is-refused');
    const given = options();
    const publisher = await rabbitmq(given).openPublisher();
    onTestFinished(() => publisher.close());
    await onChannel(url, (channel) => channel.deleteQueue(`${given.exchange}/billing/5`));
    const messages = messagesOf(400);
    const outcomes = await publisher.publish(messages, never);
    const refused = outcomes.filter((outcome) => outcome !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(400);
    for (const [place, outcome] of outcomes.entries())
      if (outcome !== undefined)
        expect(outcome).toMatchObject({ code: 'MESSAGE_REFUSED', messageId: messages[place]?.id });
    expect(String(refused[0])).toMatch(/no queue takes it, .* option consumers/);
    const again = messages.filter((_, place) => outcomes[place] !== undefined);
    expect(await publisher.publish(again, never)).toEqual(again.map(() => undefined));
    await using receiving = await receive(rabbitmq(given));
    await until(() => receiving.deliveries.length === 400);
  });
});

describe.skipIf(served === undefined)('a broker that refuses', () => {
  test('a login or a virtual host is said, without the password', async () => {
    const wrong = new URL(url);
    wrong.password = 'a-secret';
    const missing = new URL(url);
    missing.pathname = '/not-there';
    for (const [refused, words] of [
      [wrong, /look at the user and the password/],
      [missing, /virtual host/],
    ] as const) {
      const transport = rabbitmq({ url: refused.href, exchange: 'none' });
      for (const open of [() => transport.openPublisher(), () => receive(transport)]) {
        const error = await failureOf(open());
        expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED', transport: 'rabbitmq exchange "none"' });
        expect(String(error)).toMatch(words);
        expect(JSON.stringify([String(error), error])).not.toContain('a-secret');
      }
    }
  });

  test('long names is not asked for them', async () => {
    const transport = rabbitmq({ ...options(), consumers: ['ü'.repeat(100)] });
    const error = await failureOf(transport.openPublisher());
    expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    expect(String(error)).toMatch(/the name of consumer .* is too long for a queue of RabbitMQ/);
  });

  test('nothing, but gets attributes that fit in no frame: they are refused before', async () => {
    const publisher = await rabbitmq(options()).openPublisher();
    onTestFinished(() => publisher.close());
    const long = (bytes: number) => ({ attributes: { note: 'n'.repeat(bytes) } });
    const named = { attributes: { [`n${'a'.repeat(250)}`]: '1' } };
    const outcomes = await publisher.publish(
      [
        messageOf('a', 1, long(70_000)),
        messageOf('a', 2, named),
        messageOf('a', 3, { contentType: 'a'.repeat(256) }),
        messageOf('a', 4, long(50_000)),
        messageOf('a', 5, { id: 'é'.repeat(200) }),
      ],
      never,
    );
    expect(outcomes.map((outcome) => outcome?.message)).toEqual([
      expect.stringMatching(/attributes have more than 60000 bytes/),
      expect.stringMatching(/attribute with a name of more than 255 bytes/),
      expect.stringMatching(/content type has more than 255 bytes/),
      undefined,
      undefined,
    ]);
  });
});

describe.skipIf(served === undefined)('a connection', () => {
  test('that went silent is lost: nothing waits for longer than it may', async () => {
    guarantee('rabbitmq-never-hangs');
    await using proxy = await TcpProxy.start(url);
    const given = { ...options(), url: `${proxy.connectionString}?heartbeat=1`, answerMs: 1_000 };
    const transport = rabbitmq(given);
    const publisher = await transport.openPublisher();
    await using receiving = await receive(transport);
    const end = proxy.vanish();
    const failures = [publisher.publish([messageOf('a', 1)], never), publisher.check(never)].map(failureOf);
    for (const failure of await Promise.all(failures))
      expect(failure).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await publisher.close();
    await until(() => receiving.lost.length === 1);
    expect(receiving.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    end();
    proxy.stall();
    const error = await failureOf(transport.openPublisher());
    expect(String(error)).toMatch(/no connection could be opened: it has not answered for 1000 ms/);
    expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
  });

  test('that is cut loses nothing that was confirmed, and gives back what was not acknowledged', async () => {
    await using proxy = await TcpProxy.start(url);
    const given = options();
    const far = rabbitmq({ ...given, url: proxy.connectionString });
    const publisher = await far.openPublisher();
    await publisher.publish(messagesOf(100), never);
    await using receiving = await receive(far, { acknowledge: false });
    await until(() => receiving.deliveries.length === 100);
    const publishing = failureOf(publisher.publish(messagesOf(5_000, 101), never));
    proxy.disconnect();
    const error = await publishing;
    expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    expect(String(error)).toMatch(/the connection ended: /);
    await until(() => receiving.lost.length === 1);
    receiving.deliveries[0]?.acknowledge(); // too late
    await publisher.close();
    await using again = await receive(rabbitmq(given));
    await until(() => new Set(idsOf(again.deliveries)).size >= 100);
    for (let key = 0; key < 16; key += 1) {
      const ids = idsOf(receiving.deliveries, `k${key}`);
      expect(firstIdsOf(again.deliveries, `k${key}`).slice(0, ids.length)).toEqual(ids);
    }
    expect(again.deliveries.filter(({ redelivered }) => redelivered).length).toBeGreaterThanOrEqual(100);
  });
});

describe.skipIf(served === undefined)('receivers of one consumer', () => {
  test('come to share its queues, and no key has two at one time', { timeout: 60_000 }, async () => {
    guarantee('rabbitmq-in-order');
    const transport = rabbitmq(options());
    const holders = new Map<string, string>();
    const seen = new Map<string, number>();
    const counts = { first: 0, second: 0 };
    const trouble: string[] = [];
    const open = (name: keyof typeof counts) =>
      transport.openReceiver({
        consumer: 'billing',
        prefetch: 50,
        onDelivery: (delivery) => {
          const { attributes, body } = delivery;
          const key = attributes['partitionkey'] ?? '';
          const number = Number(new TextDecoder().decode(body));
          if (number !== (seen.get(key) ?? number - 16) + 16) trouble.push(`${key} ${number}`);
          if ((holders.get(key) ?? name) !== name) trouble.push(`${key} of two`);
          seen.set(key, number);
          holders.set(key, name);
          counts[name] += 1;
          setTimeout(() => {
            if (seen.get(key) === number) holders.delete(key);
            delivery.acknowledge();
          }, 2);
        },
        onLost: (error) => trouble.push(String(error)),
      });
    const publisher = await transport.openPublisher();
    onTestFinished(() => publisher.close());
    const first = await open('first');
    onTestFinished(() => first.close());
    let published = 0;
    const publishMore = async () => {
      await publisher.publish(messagesOf(160, published + 1), never);
      published += 160;
    };
    await publishMore();
    const second = await open('second');
    onTestFinished(() => second.close());
    await until(
      async () => {
        await publishMore();
        return counts.second > 500;
      },
      { timeoutMs: 30_000 },
    );
    expect(counts.first).toBeGreaterThan(500);
    await until(() => counts.first + counts.second >= published);
    expect(trouble).toEqual([]);
    expect(counts.first + counts.second).toBe(published);
  });
});

describe.skipIf(served === undefined)('a receiver', () => {
  test('has no more than prefetch in flight, of all queues', async () => {
    const transport = rabbitmq(options());
    await publish(transport, messagesOf(400));
    const held: Delivery[] = [];
    let most = 0;
    let received = 0;
    const receiver = await transport.openReceiver({
      consumer: 'billing',
      prefetch: 5,
      onDelivery: (delivery) => {
        received += 1;
        most = Math.max(most, held.push(delivery));
      },
      onLost: () => {},
    });
    onTestFinished(() => receiver.close());
    await until(() => {
      if (held.length === 5 || received > 395) held.shift()?.acknowledge();
      return received === 400;
    });
    expect(most).toBe(5);
  });

  test('leaves a queue to another one when nothing of it is in flight', { timeout: 60_000 }, async () => {
    guarantee('rabbitmq-in-order');
    const transport = rabbitmq(options());
    const publisher = await transport.openPublisher();
    onTestFinished(() => publisher.close());
    const queueOf = (key: string | undefined) => bucketOf(key ?? '') % 8;
    const keys = Array.from({ length: 64 }, (_, index) => `k${index}`);
    const messages = (number: number) => keys.map((key) => messageOf(key, number));
    await publisher.publish(messages(1), never);
    const held: Delivery[] = [];
    const first = await transport.openReceiver({
      consumer: 'billing',
      prefetch: 100,
      onDelivery: (delivery) => {
        // It is about to leave the queues 4 to 7.
        if ([4, 5].includes(queueOf(delivery.attributes['partitionkey']))) held.push(delivery);
        else delivery.acknowledge();
      },
      onLost: () => {},
    });
    onTestFinished(() => first.close());
    await using second = await receive(transport);
    const queuesOfSecond = () =>
      new Set(second.deliveries.map(({ attributes }) => queueOf(attributes['partitionkey'])));
    let number = 1;
    const publishUntil = (condition: () => boolean) =>
      until(
        async () => {
          number += 1;
          await publisher.publish(messages(number), never);
          return condition();
        },
        { timeoutMs: 20_000 },
      );
    await publishUntil(() => queuesOfSecond().size === 2);
    expect(queuesOfSecond()).toEqual(new Set([6, 7]));
    const last = new Map(held.map(({ attributes }) => [attributes['partitionkey'], attributes['id']]));
    for (const delivery of held) delivery.acknowledge();
    await publishUntil(() => queuesOfSecond().size === 4);
    for (const [key, id] of last) {
      const next = Number(id?.split('-')[1]) + 1;
      await until(() => idsOf(second.deliveries, key).length > 0);
      expect(idsOf(second.deliveries, key)[0]).toBe(`${key}-${next}`);
    }
  });
});

test('takes no other options than it has', () => {
  const given = { url: 'amqp://x', exchange: 'a' };
  for (const wrong of [
    { exchange: 'a' },
    { ...given, url: 'http://x' },
    { ...given, url: 'no url with a-secret' },
    { ...given, exchange: 'a/b' },
    { ...given, exchange: 'amq.direct' },
    { ...given, queues: 0 },
    { ...given, queues: 65 },
    { ...given, consumers: [''] },
    { ...given, distribution: 'random' },
    { ...given, answerMs: 1 },
    { ...given, maxMessageBytes: 0 },
    { ...given, queue: 'a' },
  ])
    expect(() => rabbitmq(wrong as RabbitmqOptions)).toThrow(/must|has no|is no/);
  expect(() => rabbitmq({ ...given, url: 'no url with a-secret' })).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('a-secret') }),
  );
});

test.skipIf(served === undefined)(
  'other clients see a CloudEvent, and keep it when the server ends',
  async () => {
    const given = options();
    const { exchange } = given;
    const foreign = `${exchange}-foreign`;
    await publish(rabbitmq(given), []);
    await onChannel(url, async (channel) => {
      await channel.assertQueue(foreign, quorum);
      onTestFinished(() => onChannel(url, (deleting) => deleting.deleteQueue(foreign)).then(() => {}));
      await channel.bindQueue(foreign, exchange, '');
      await publish(rabbitmq(given), [
        messageOf('a', 1),
        messageOf('a', 2, { contentType: 'application/cloudevents+json' }),
      ]);
      const [binary, structured] = [await channel.get(foreign), await channel.get(foreign)];
      expect(binary && binary.properties).toMatchObject({
        headers: { cloudEvents_id: 'a-1', cloudEvents_partitionkey: 'a' },
        contentType: 'application/json',
        deliveryMode: 2,
        messageId: 'a-1',
        timestamp: Date.parse('2026-01-02T03:04:05Z') / 1_000,
      });
      expect(structured && structured.properties).toMatchObject({
        headers: {},
        contentType: 'application/cloudevents+json',
        messageId: 'a-2',
      });
    });
  },
);
