import { findProgram } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { freePort, startRedis } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { redisStreams, type RedisStreamsOptions } from '../src/index.ts';
import { logOf, messageAt } from './relay-messages.ts';
import { never, publish, receive } from './streams-test.ts';

const program = findProgram('redis-server');

const rights = [
  '~orders:*',
  '&orders:*',
  '+@read',
  '+@write',
  '+@connection',
  '+evalsha',
  '+script|load',
  '+subscribe',
  '+publish',
  '+info',
  '+time',
];

const orders = (url: string, options: Partial<RedisStreamsOptions> = {}) =>
  redisStreams({ url, stream: 'orders', consumers: ['billing'], ...options });

function as(user: string, url: string): string {
  const [name, password] = user.split(':');
  const login = new URL(url);
  login.username = name!;
  login.password = password!;
  return login.href;
}

describe.skipIf(program === undefined)('a server with users', () => {
  test('takes one with the rights of the README, and refuses others without telling a password', async () => {
    const users = [
      ['--requirepass', 'hidden'],
      ['--user', 'shop', 'on', '>secret', ...rights],
      ['--user', 'guest', 'on', '>secret2', ...rights, '-xadd'],
      ['--user', 'other', 'on', '>secret3', '~other:*', ...rights.slice(1)],
    ];
    await using server = await startRedis(program!, users.flat());
    const shop = as('shop:secret', server.url);
    await using receiving = await receive(orders(shop));
    const publisher = await orders(shop).openPublisher();
    await publisher.check(never);
    expect(await publisher.publish([messageAt(1, 'a')], never)).toEqual([undefined]);
    await publisher.close();
    expect(receiving.lost).toEqual([]);

    const refused = [
      [as('shop:wrong', server.url), /the user or the password in `url` is wrong/],
      [as('nobody:secret', server.url), /the user or the password in `url` is wrong/],
      [new URL('/999', shop).href, /DB index is out of range/],
      [server.url, /it asks for a password, and `url` has none/],
      [as('other:secret3', server.url), /its user has too few rights/],
    ] as const;
    for (const [url, words] of refused) {
      const error = await failureOf(orders(url).openPublisher());
      expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED', message: expect.stringMatching(words) });
      expect(JSON.stringify([error, String(error)])).not.toMatch(/secret|hidden|wrong\W*,/);
    }
    const guest = await orders(as('guest:secret2', server.url)).openPublisher();
    for (const work of [guest.publish([messageAt(2, 'a')], never), guest.check(never)]) {
      const error = await failureOf(work);
      expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED' });
      expect(JSON.stringify([error, String(error)])).not.toContain('orders.placed');
    }
    await guest.close();
  });
});

describe.skipIf(program === undefined)('a server that takes no messages', () => {
  test('is a replica', async () => {
    await using primary = await startRedis(program!);
    const port = new URL(primary.url).port;
    await using replica = await startRedis(program!, ['--replicaof', '127.0.0.1', port]);
    expect(await failureOf(orders(replica.url).openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('it is a replica, which takes no writes; connect to the primary'),
    });
  });

  test('has no memory left, until consumers have made room', async () => {
    await using server = await startRedis(program!);
    const publisher = await orders(server.url).openPublisher();
    const log = logOf(110, 5).map((message) => ({ ...message, body: new Uint8Array(50_000) }));
    await publisher.publish(log.slice(0, 100), never);
    const operator = new Redis(server.url);
    await operator.config('SET', 'maxmemory', '4mb');
    operator.disconnect();
    for (const work of [publisher.publish(log.slice(100), never), publisher.check(never)])
      expect(await failureOf(work)).toMatchObject({
        code: 'TRANSPORT_UNAVAILABLE',
        message: expect.stringContaining('its memory is full by `maxmemory`'),
      });
    await publisher.close();
    await using receiving = await receive(orders(server.url), { prefetch: 5 });
    await until(() => receiving.deliveries.length === 100);
    expect(receiving.lost).toEqual([]);
    await until(async () => (await publish(orders(server.url), log.slice(100)))[0] === undefined);
    await until(() => receiving.deliveries.length === 110);
  });

  test('deletes streams when its memory is full', async () => {
    const evicting = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
    await using server = await startRedis(program!, evicting);
    expect(await failureOf(orders(server.url).openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('maxmemory-policy allkeys-lru; set that to noeviction'),
    });
  });

  test('is a cluster', async () => {
    // Its second port is else the first one + 10,000, which an outgoing connection may have.
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
    await using server = await startRedis(program!, cluster);
    expect(await failureOf(orders(server.url).openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('it is a Redis Cluster, which is not supported'),
    });
  });
});

test('options are checked', () => {
  const url = 'redis://127.0.0.1';
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /url must be a text/],
    [{ url: 'http://x', stream: 'a' }, /url must be a URL without parameters/],
    [{ url: 'redis://x?family=6', stream: 'a' }, /url must be a URL without parameters/],
    [{ url, stream: '' }, /stream/],
    [{ url, stream: 'a', name: 1 }, /has no member "name"/],
    [{ url, stream: 'a', consumers: [1] }, /consumers\[0\] must be a text/],
    [{ url, stream: 'a', partitions: 0 }, /partitions must be a whole number from 1 to 256/],
    [{ url, stream: 'a', leaseMs: 1 }, /leaseMs must be a whole number from 1000/],
    [{ url, stream: 'a', rememberedKeys: 1 }, /rememberedKeys must be a whole number from 1000/],
  ];
  for (const [options, words] of wrong)
    expect(() => redisStreams(options as RedisStreamsOptions)).toThrow(words);
});
