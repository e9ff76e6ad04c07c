import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { logOf, messageAt } from './relay-messages.ts';
import { publish, receive, redisUrl, test } from './streams-test.ts';

const none = (count: number) => Array.from({ length: count }, () => undefined);

describe.skipIf(redisUrl === undefined)('what a relay publishes again', () => {
  test('is stored once, also for a relay that wakes up late', async ({ transport }) => {
    const log = logOf(300, 7);
    await using receiving = await receive(transport());
    const [late, live] = [await transport().openPublisher(), await transport().openPublisher()];
    const never = new AbortController().signal;
    await late.publish(log.slice(0, 100), never);
    // Another process continues from the checkpoint, which may be before what is confirmed.
    expect(await live.publish(log.slice(50, 300), never)).toEqual(none(250));
    expect(await late.publish(log.slice(100, 200), never)).toEqual(none(100));
    await Promise.all([late.close(), live.close()]);
    await publish(transport(), [messageAt(301, 'the last one')]);
    await until(() => receiving.ids().includes('the last one-301'));
    await until(() => receiving.deliveries.length >= 301);
    for (const key of ['key 0', 'key 6'])
      expect(receiving.ids(key)).toEqual(log.filter((message) => message.key === key).map(({ id }) => id));
    expect(receiving.deliveries).toHaveLength(301);
  });

  test('is stored when the server does not have it, whatever came after it', async ({ transport }) => {
    const log = logOf(60, 2);
    await using receiving = await receive(transport());
    await publish(transport(), log.slice(0, 30));
    // As after the loss of 20 messages, which was found when the relay had gone on.
    await publish(transport(), log.slice(50));
    await publish(transport(), log.slice(10));
    await until(() => new Set(receiving.ids()).size === 60);
    // Messages 11 to 30 cannot be told from those that are missing; nothing is lost.
    await publish(transport(), log.slice(10));
    await publish(transport(), [messageAt(61, 'the last one')]);
    await until(() => receiving.ids().includes('the last one-61'));
    const key = receiving.ids('key 1');
    expect(key.slice(-25)).toEqual(log.slice(10).flatMap(({ id, key }) => (key === 'key 1' ? [id] : [])));
  });

  test('is another message when its log went back', async ({ transport }) => {
    await using receiving = await receive(transport());
    await publish(transport(), logOf(4, 1));
    const other = logOf(3, 1, 'second').map((message) => ({
      ...message,
      attributes: { ...message.attributes, id: `other ${message.id}` },
    }));
    await publish(transport(), other);
    await publish(transport(), other);
    await publish(transport(), [messageAt(5, 'key 0', { previous: 4 })]);
    await until(() => receiving.ids().includes('key 0-5'));
    const sent = ['key 0-1', 'key 0-2', 'key 0-3', 'key 0-4'];
    expect(receiving.ids()).toEqual([...sent, 'other key 0-1', 'other key 0-2', 'other key 0-3', 'key 0-5']);
  });

  test('of a key that waited is stored after later ones of other keys', async ({ transport }) => {
    await using receiving = await receive(transport({ partitions: 1 }));
    await publish(transport({ partitions: 1 }), [messageAt(9, 'a'), messageAt(10, 'b')]);
    await publish(transport({ partitions: 1 }), [messageAt(2, 'c'), messageAt(3, 'c', { previous: 2 })]);
    await publish(transport({ partitions: 1 }), [messageAt(2, 'c', { source: '/other' })]);
    await until(() => receiving.deliveries.length === 5);
    expect(receiving.ids()).toEqual(['a-9', 'b-10', 'c-2', 'c-3', 'c-2']);
  });

  test('is told apart for keys in bounded number', async ({ transport, redis, stream }) => {
    const options = { partitions: 1, rememberedKeys: 1_000 };
    const log = logOf(3_500, 3_500);
    await publish(transport(options), log);
    expect(await redis.hlen(`${stream}:0:runs`)).toBe(500);
    expect(await redis.hlen(`${stream}:0:runs-before`)).toBe(1_000);
    await publish(transport(options), log.slice(2_100));
    expect(await redis.xlen(`${stream}:0`)).toBe(3_500);
    await publish(transport(options), log.slice(0, 1));
    expect(await redis.xlen(`${stream}:0`)).toBe(3_501);
  });

  test('is stored after the stream was removed, for the consumers that are named', async ({
    transport,
    redis,
    stream,
  }) => {
    const one = transport({ partitions: 1 });
    const publisher = await one.openPublisher();
    const log = logOf(3, 1);
    await publisher.publish(log, new AbortController().signal);
    await redis.del(`${stream}:0`);
    await publisher.publish(log, new AbortController().signal);
    await publisher.close();
    await using receiving = await receive(one);
    await until(() => receiving.deliveries.length === 3);
    expect(receiving.ids()).toEqual(['key 0-1', 'key 0-2', 'key 0-3']);
  });
});

describe.skipIf(redisUrl === undefined)('a stream that cannot be used', () => {
  test('has another number of partitions', async ({ transport }) => {
    await publish(transport(), [messageAt(1, 'a')]);
    expect(await failureOf(transport({ partitions: 4 }).openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringMatching(/8 partitions, and the option `partitions` says 4/),
    });
  });

  test('has keys that hold something else', async ({ transport, redis, stream }) => {
    await redis.set(`${stream}:3`, 'something');
    expect(await failureOf(transport().openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringMatching(/holds something else; choose another `stream`/),
    });
  });

  test('has them by the time of a publish, or of a check', async ({ transport, redis, stream }) => {
    const publisher = await transport({ partitions: 1 }).openPublisher();
    const never = new AbortController().signal;
    await redis.multi().del(`${stream}:0`).set(`${stream}:0`, '').set(`${stream}:check`, '').exec();
    for (const work of [publisher.publish([messageAt(1, 'a')], never), publisher.check(never)])
      expect(await failureOf(work)).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    await publisher.close();
  });

  test('knows no scripts any more, until it is opened again', async ({ transport, redis }) => {
    const publisher = await transport().openPublisher();
    await redis.script('FLUSH');
    const error = await failureOf(publisher.publish([messageAt(1, 'a')], new AbortController().signal));
    await publisher.close();
    expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    expect(await publish(transport(), [messageAt(1, 'a')])).toEqual([undefined]);
  });
});
