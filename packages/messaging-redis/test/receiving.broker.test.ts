import { TcpProxy } from '@leftfold/testbed/faults';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { logOf, messageAt } from './relay-messages.ts';
import { publish, receive, redisUrl, test } from './streams-test.ts';

describe.skipIf(redisUrl === undefined)('receivers of one consumer', () => {
  test('have as many partitions each, none of them at one time', async ({ transport, redis, stream }) => {
    const owners = async () => {
      const found = await Promise.all(
        Array.from({ length: 8 }, (_, partition) => redis.get(`${stream}:${partition}:owner:billing`)),
      );
      return found.map((owner) => found.filter((other) => other === owner && owner !== null).length);
    };
    const first = await receive(transport());
    expect(await owners()).toEqual([8, 8, 8, 8, 8, 8, 8, 8]);
    const second = await receive(transport());
    await until(async () => (await owners()).every((count) => count === 4));
    const log = logOf(400, 40);
    await publish(transport(), log);
    await until(() => first.deliveries.length + second.deliveries.length === 400);
    const firstKeys = new Set(first.deliveries.map(({ attributes }) => attributes['partitionkey']));
    const secondKeys = new Set(second.deliveries.map(({ attributes }) => attributes['partitionkey']));
    expect(firstKeys.size + secondKeys.size).toBe(40);
    expect(Math.min(firstKeys.size, secondKeys.size)).toBeGreaterThan(0);
    await first.receiver.close();
    await until(async () => (await owners()).every((count) => count === 8));
    await second.receiver.close();
    expect(await owners()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(await redis.exists(`${stream}:receivers:billing`)).toBe(0);
  });

  test('hand a partition over when what is in flight of it is acknowledged', async ({
    transport,
    redis,
    stream,
  }) => {
    const two = transport({ partitions: 2 });
    await publish(two, logOf(40, 20));
    await using first = await receive(two, { acknowledge: false });
    await until(() => first.deliveries.length === 40);
    await using second = await receive(two);
    await until(async () => (await redis.zcard(`${stream}:receivers:billing`)) === 2);
    await publish(two, logOf(80, 20).slice(40));
    // One partition is still read by the first one, and the other one waits for its acknowledgements.
    await until(() => first.deliveries.length > 40);
    expect(second.deliveries).toEqual([]);
    for (const delivery of first.deliveries) delivery.acknowledge();
    await until(() => second.deliveries.length > 0);
    await until(() => first.deliveries.length + second.deliveries.length === 80);
    const all = [...first.ids(), ...second.ids()];
    for (let key = 0; key < 20; key += 1)
      expect(all.filter((id) => id?.startsWith(`key ${key}-`))).toEqual(
        [0, 1, 2, 3].map((turn) => `key ${key}-${key + 1 + turn * 20}`),
      );
  });

  test('get what one of them left behind, from the first that it did not acknowledge', async ({
    transport,
    url,
  }) => {
    await using proxy = await TcpProxy.start(url);
    const short = transport({ leaseMs: 1_000 });
    await publish(short, logOf(30, 3));
    const dead = await receive(transport({ leaseMs: 1_000, url: proxy.connectionString }), {
      acknowledge: false,
    });
    await until(() => dead.deliveries.length === 30);
    for (const delivery of dead.deliveries.slice(0, 5)) delivery.acknowledge();
    await publish(short, [messageAt(31, 'key 0', { previous: 28 })]);
    await until(() => dead.deliveries.length === 31); // the acknowledgements went before it
    proxy.disconnect();
    await until(() => dead.lost.length === 1);
    expect(dead.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    dead.deliveries[6]!.acknowledge(); // too late
    await using next = await receive(short);
    await until(() => next.deliveries.length === 26);
    expect(next.deliveries.every(({ redelivered }) => redelivered)).toBe(true);
    for (const key of ['key 0', 'key 1', 'key 2'])
      expect(next.ids(key)).toEqual(dead.ids(key).filter((id) => next.ids().includes(id)));
    await dead.receiver.close();
  });
});

describe.skipIf(redisUrl === undefined)('a receiver', () => {
  test('reads nothing of a partition that another one has', async ({ transport, redis, stream }) => {
    const one = transport({ partitions: 1, leaseMs: 60_000 });
    await using receiving = await receive(one);
    await publish(one, [messageAt(1, 'a')]);
    await until(() => receiving.deliveries.length === 1); // its leases are not looked at again for 20 seconds
    await redis.set(`${stream}:0:owner:billing`, 'another one');
    await publish(one, [messageAt(2, 'a', { previous: 1 })]);
    await until(() => receiving.lost.length === 1);
    expect(receiving.ids()).toEqual(['a-1']);
    await receiving.receiver.close();
    expect(await redis.get(`${stream}:0:owner:billing`)).toBe('another one');
  });
});

describe.skipIf(redisUrl === undefined)('entries', () => {
  test('are deleted when all consumers have acknowledged them', async ({ transport, redis, stream }) => {
    const one = transport({ partitions: 1, consumers: ['billing', 'stock'] });
    await publish(one, logOf(50, 5));
    await using billing = await receive(one);
    await until(() => billing.deliveries.length === 50);
    const pending = async () => (await redis.xpending(`${stream}:0`, 'billing'))[0];
    await until(async () => (await pending()) === 0);
    expect(await redis.xlen(`${stream}:0`)).toBe(50);
    await using stock = await receive(one, { consumer: 'stock', acknowledge: false });
    await until(() => stock.deliveries.length === 50);
    for (const delivery of stock.deliveries.slice(1)) delivery.acknowledge();
    await until(async () => (await redis.xpending(`${stream}:0`, 'stock'))[0] === 1);
    expect(await redis.xlen(`${stream}:0`)).toBe(50);
    stock.deliveries[0]!.acknowledge();
    await until(async () => (await redis.xlen(`${stream}:0`)) === 1);
  });

  test('that are no messages are delivered as they are, and hold up nothing', async ({
    transport,
    redis,
    stream,
  }) => {
    const one = transport({ partitions: 1 });
    await (await one.openPublisher()).close();
    await redis.xadd(`${stream}:0`, '*', 'Some', 'thing', 'body', 'x');
    await redis.xadd(`${stream}:0`, '*', 'attributes', '["no object"]', 'body', '');
    await redis.xadd(`${stream}:0`, '*', 'attributes', '{"a":1}', 'body', '', 'contenttype', 'x');
    await redis.xadd(`${stream}:0`, '*', 'attributes', Buffer.from([0xff, 0x00]), 'body', '');
    await publish(one, [messageAt(1, 'a')]);
    await using receiving = await receive(one);
    await until(() => receiving.deliveries.length === 5);
    expect(receiving.deliveries[0]).toMatchObject({
      attributes: { some: 'thing', body: 'x' },
      contentType: undefined,
    });
    expect(receiving.deliveries[1]?.attributes).toEqual({ attributes: '["no object"]', body: '' });
    expect(receiving.ids()[4]).toBe('a-1');
  });

  test('that were deleted before they were delivered again are passed over', async ({
    transport,
    redis,
    stream,
  }) => {
    const one = transport({ partitions: 1 });
    await publish(one, logOf(3, 1));
    const first = await receive(one, { acknowledge: false });
    await until(() => first.deliveries.length === 3);
    await first.receiver.close();
    const [entry] = await redis.xrange(`${stream}:0`, '-', '+', 'COUNT', 1);
    await redis.xdel(`${stream}:0`, entry![0]);
    await using second = await receive(one);
    await until(() => second.deliveries.length === 2);
    expect(second.ids()).toEqual(['key 0-2', 'key 0-3']);
    await until(async () => (await redis.xpending(`${stream}:0`, 'billing'))[0] === 0);
  });

  test('of a group that was removed: the receiver is told', async ({ transport, redis, stream }) => {
    const one = transport({ partitions: 1 });
    await using receiving = await receive(one);
    await redis.xgroup('DESTROY', `${stream}:0`, 'billing');
    await until(() => receiving.lost.length === 1);
    expect(receiving.lost[0]).toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      message: expect.stringContaining('the group of a consumer was removed'),
    });
  });
});
