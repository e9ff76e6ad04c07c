import { findProgram, TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { startRedis } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, test } from 'vitest';
import { redisStreams } from '../src/index.ts';
import { logOf, messageAt } from './relay-messages.ts';
import { never, publish, receive } from './streams-test.ts';

const program = findProgram('redis-server');

const orders = (url: string, leaseMs = 1_000) =>
  redisStreams({ url, stream: 'orders', consumers: ['billing'], leaseMs, partitions: 2 });

describe.skipIf(program === undefined)('a server or a connection that fails', () => {
  test('a receiver that stood still for longer than its lease ends, and another one has continued', async () => {
    await using server = await startRedis(program!);
    await using proxy = await TcpProxy.start(server.url);
    await publish(orders(server.url), logOf(20, 4));
    const still = await receive(orders(proxy.connectionString), { acknowledge: false });
    await until(() => still.deliveries.length === 20);
    proxy.stall();
    still.deliveries[0]!.acknowledge(); // on its way until later
    await using next = await receive(orders(server.url));
    await until(() => next.deliveries.length === 20);
    expect(next.deliveries.every(({ redelivered }) => redelivered)).toBe(true);
    await publish(orders(server.url), [messageAt(21, 'key 0', { previous: 17 })]);
    await until(() => next.deliveries.length === 21);
    await proxy.restore();
    await until(() => still.lost.length === 1);
    expect(still.lost[0]).toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      message: expect.stringContaining('another receiver has its partitions'),
    });
    expect(still.deliveries).toHaveLength(20);
    await still.receiver.close();
    expect(next.lost).toEqual([]);
  });

  test('a connection that vanished is found, and nothing waits for it without limit', {
    timeout: 60_000,
  }, async () => {
    await using server = await startRedis(program!);
    await using proxy = await TcpProxy.start(server.url);
    const receiving = await receive(orders(proxy.connectionString));
    const publisher = await orders(proxy.connectionString).openPublisher();
    proxy.vanish();
    const publishing = failureOf(publisher.publish([messageAt(1, 'a')], never));
    await until(() => receiving.lost.length === 1, { timeoutMs: 30_000 });
    const late = { code: 'TRANSPORT_UNAVAILABLE', message: expect.stringContaining('timed out') };
    expect(receiving.lost[0]).toMatchObject(late);
    expect(await publishing).toMatchObject(late);
    await receiving.receiver.close();
    await publisher.close();
  });

  test('a publish and a check end by their signal while the server does not answer', async () => {
    await using server = await startRedis(program!);
    const publisher = await orders(server.url).openPublisher();
    let resume = () => {};
    const pausing = server.pause(
      new Promise<void>((resolve) => {
        resume = resolve;
      }),
    );
    const stop = new AbortController();
    const works = [publisher.publish([messageAt(1, 'a')], stop.signal), publisher.check(stop.signal)];
    const failures = Promise.all(works.map(failureOf));
    stop.abort(new Error('stopped'));
    expect(await failures).toEqual([new Error('stopped'), new Error('stopped')]);
    resume();
    await pausing;
    await publisher.close();
  });

  test('what was confirmed is delivered after the server was killed, in its order', async () => {
    await using server = await startRedis(program!);
    const log = logOf(600, 6);
    const first = await receive(orders(server.url), { acknowledge: false });
    const publisher = await orders(server.url).openPublisher();
    await publisher.publish(log.slice(0, 300), never);
    await until(() => first.deliveries.length > 0);
    first.deliveries[0]!.acknowledge();
    const publishing = failureOf(publisher.publish(log.slice(300), never));
    await server.kill();
    // Either it was confirmed before, or it is not known.
    expect([undefined, 'TRANSPORT_UNAVAILABLE']).toContain(
      ((await publishing) as { code?: string } | undefined)?.code,
    );
    await until(() => first.lost.length === 1);
    await Promise.all([publisher.close(), first.receiver.close()]);
    expect(await failureOf(orders(server.url).openPublisher())).toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
    });
    await server.start();
    await publish(orders(server.url), log.slice(300));
    await using next = await receive(orders(server.url), { prefetch: 1_000 });
    await until(() => new Set([...first.ids(), ...next.ids()]).size === 600);
    await until(() => next.deliveries.length >= 599);
    for (let key = 0; key < 6; key += 1) {
      const sent = log.filter((message) => message.key === `key ${key}`).map(({ id }) => id);
      expect(next.ids(`key ${key}`)).toEqual(sent.slice(-next.ids(`key ${key}`).length));
    }
  });

  test('bodies in flight have a bounded size', async () => {
    await using server = await startRedis(program!);
    const one = redisStreams({ url: server.url, stream: 'large', consumers: ['billing'], partitions: 1 });
    const log = logOf(5, 1).map((message) => ({ ...message, body: new Uint8Array(12 * 2 ** 20) }));
    await publish(one, log);
    await using receiving = await receive(one, { acknowledge: false });
    await until(() => receiving.deliveries.length === 3);
    await publish(one, [messageAt(6, 'key 0', { previous: 5 })]);
    expect(receiving.deliveries).toHaveLength(3);
    receiving.deliveries[0]!.acknowledge();
    await until(() => receiving.deliveries.length === 4);
  });
});
