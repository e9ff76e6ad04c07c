import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { createBarrier, Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { message, sequence, test } from './consumer-test.ts';

const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe('a consumer', () => {
  test('handles messages of a key in order, keys side by side, and acknowledges each', async ({ shop }) => {
    guarantee('messages-in-order');
    let most = 0;
    const busy = new Set<string>();
    // Four handlers wait for each other.
    const barrier = createBarrier(4);
    await shop.started(
      async (_amount, _context, { key }) => {
        expect(busy.has(key)).toBe(false);
        busy.add(key);
        most = Math.max(most, busy.size);
        await barrier();
        busy.delete(key);
      },
      { concurrency: 4, prefetch: 20 },
    );
    const sent = range(1, 10).flatMap((round) =>
      range(0, 8).map((key) => {
        const previous = round === 1 ? undefined : key * 100 + round - 1;
        return shop.broker.send(message(`k${key}`, key * 100 + round, { previous }));
      }),
    );
    await shop.acknowledged(...sent);
    for (const key of range(0, 8)) expect(await shop.effects(`k${key}`)).toEqual(range(key * 100 + 1, 10));
    expect(most).toBe(4);
    expect(shop.incidents).toEqual([]);
  });

  test('has the effects of a message that is delivered again once', async ({ shop }) => {
    guarantee('messages-once');
    await shop.started();
    const [first, second] = [message('a', 1), message('a', 2, { previous: 1 })];
    for (const one of [first, first, second, first, second, second])
      await shop.acknowledged(shop.broker.send(one, { redelivered: true }));
    expect(await shop.effects('a')).toEqual([1, 2]);
    expect(shop.incidents).toEqual([]);
  });

  test('acknowledges a message only when its transaction is committed', async ({ shop }) => {
    guarantee('messages-never-lost');
    const gate = new Gate();
    await shop.started(() => gate.pass());
    const sent = shop.broker.send(message('a', 1));
    await gate.reached();
    expect(sent.acknowledged).toBe(false);
    gate.open();
    await shop.acknowledged(sent);
    expect(await shop.effects('a')).toEqual([1]);
  });

  test('begins with the first message that it sees, and skips types without a handler', async ({ shop }) => {
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [50]));
    await shop.acknowledged(shop.broker.send(message('b', 60, { previous: 49 })));
    const noted = { type: 'orders.noted', data: 'never looked at', previous: 60 };
    await shop.acknowledged(shop.broker.send(message('b', 61, noted)));
    await shop.acknowledged(shop.broker.send(message('b', 62, { previous: 61 })));
    expect(await shop.effects('b')).toEqual([60, 62]);
    expect(await shop.row('b')).toMatchObject({ sequence: sequence(62), message_id: 'event-62' });
  });

  test('waits for the first message of a key when the second comes before it', async ({ shop }) => {
    guarantee('messages-in-order');
    const consumer = await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [50]));
    await shop.acknowledged(shop.broker.send(message('b', 70, { previous: 60 })));
    await shop.acknowledged(shop.broker.send(message('b', 80, { previous: 70 })));
    expect(await shop.effects('b')).toEqual([]);
    expect(await consumer.parked.list()).toMatchObject([{ key: 'b', reason: 'gap', messages: 2 }]);
    await shop.acknowledged(shop.broker.send(message('b', 60)));
    await until(async () => (await shop.effects('b')).length === 3);
    expect(await shop.effects('b')).toEqual([60, 70, 80]);
    expect(await consumer.parked.list()).toEqual([]);
  });

  test('gives handlers a key of the message, the attempt and the attributes', async ({ shop }) => {
    const seen: unknown[] = [];
    await shop.started(
      async (amount, { attempt, idempotencyKey, signal }, { id, key, source, time, attributes }) => {
        const { subject } = attributes;
        const { aborted } = signal;
        seen.push({ amount, attempt, idempotencyKey, aborted, id, key, source, time, subject });
        if (attempt === 1) throw new Error('busy');
      },
    );
    shop.sendChain('a', [7]);
    await shop.untilEffects('a', [7]);
    const first = {
      amount: 7,
      attempt: 1,
      idempotencyKey: expect.stringMatching(/^[\w-]{43}$/) as string,
      aborted: false,
      id: 'event-7',
      key: 'a',
      source: '/shop/orders',
      time: new Date(0),
      subject: 'a',
    };
    expect(seen).toEqual([first, { ...first, attempt: 2 }]);
    const [one, other] = seen as readonly { readonly idempotencyKey: string }[];
    expect(other?.idempotencyKey).toBe(one?.idempotencyKey);
  });

  test('rolls back a handler that takes too long', async ({ shop }) => {
    const options = { timeoutMs: 200, retry: false as never };
    const consumer = await shop.started(() => new Promise(() => {}), options);
    await shop.acknowledged(...shop.sendChain('a', [1]));
    expect(await shop.effects()).toEqual([]);
    const [parked] = await consumer.parked.list();
    expect(parked?.failure?.message).toBe('the handler took longer than timeoutMs (200)');
  });

  test('rolls back a handler that goes on after an error of the database', async ({ shop }) => {
    const consumer = await shop.started(
      async (_amount, { tx }) => {
        await sql`select 1 / 0`.execute(tx).catch(() => {});
      },
      { retry: false as never },
    );
    await shop.acknowledged(...shop.sendChain('a', [1]));
    expect(await shop.effects()).toEqual([]);
    const [parked] = await consumer.parked.list();
    expect(parked?.failure?.message).toBe('the database refused a value (SQLSTATE 22012)');
  });

  test('stops after running handlers, and leaves the rest to the broker', async ({ shop }) => {
    const gate = new Gate();
    const consumer = await shop.started(() => gate.pass(), { concurrency: 1 });
    const sent = shop.sendChain('a', [1, 2, 3]);
    await gate.reached();
    const stopped = consumer.stop();
    gate.open();
    await stopped;
    expect(sent.map(({ acknowledged }) => acknowledged)).toEqual([true, false, false]);
    expect(await shop.effects('a')).toEqual([1]);
    await shop.started();
    await shop.acknowledged(...sent);
    expect(await shop.effects('a')).toEqual([1, 2, 3]);
    for (const call of [() => consumer.start(), () => consumer.status(), () => consumer.parked.list()])
      expect(await failureOf(call())).toMatchObject({ code: 'CLOSED' });
  });

  test('that stops does not wait for a handler for longer than stopTimeoutMs', async ({ shop }) => {
    const gate = new Gate();
    const consumer = await shop.started(() => gate.pass(), { stopTimeoutMs: 100 });
    const [sent] = shop.sendChain('a', [1]);
    await gate.reached();
    await consumer.stop();
    expect(sent?.acknowledged).toBe(false);
    gate.open();
    expect(await shop.effects('a')).toEqual([]);
    expect(await shop.row('a')).toBeUndefined();
  });

  test('holds fewer messages when their bodies are large', async ({ shop }) => {
    const gate = new Gate();
    const consumer = await shop.started(() => gate.pass(), { concurrency: 1 });
    const large = {
      ...message('a', 1),
      body: new TextEncoder().encode(`{"amount":1}${' '.repeat(2 ** 20)}`),
    };
    for (const place of range(0, 80)) {
      const attributes = { ...large.attributes, partitionkey: `k${place}` };
      shop.broker.send({ ...large, attributes });
    }
    await until(() => shop.broker.opened.length > 1);
    expect(shop.broker.opened).toEqual([100, 32]);
    expect((await consumer.status()).prefetch).toBe(32);
    gate.open();
    await until(async () => (await shop.effects()).length === 80);
  });
});

describe('a wait for the message of a token', () => {
  const token = (position: number, id = `event-${position}`) => `v1.${position}.${id}` as never;
  const at = { source: '/shop/orders', key: 'a' };

  test('ends when the message is handled, or a later one of the key', async ({ shop }) => {
    const gate = new Gate();
    const consumer = await shop.started(() => gate.pass());
    const waited = consumer.waitFor({ ...at, token: token(2) }, { timeoutMs: 20_000 });
    shop.sendChain('a', [1, 2, 3]);
    await gate.reached();
    expect(await Promise.race([waited, Promise.resolve('waits')])).toBe('waits');
    gate.open();
    await waited;
    expect((await shop.effects('a')).slice(0, 2)).toEqual([1, 2]);
  });

  test('fails when it is too long, parked, or of another event', async ({ shop }) => {
    const consumer = await shop.started(
      async (amount) => {
        if (amount === 2) throw new Error('no room');
      },
      { retry: false as never },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    expect(
      await failureOf(consumer.waitFor({ ...at, key: 'b', token: token(1) }, { timeoutMs: 20 })),
    ).toMatchObject({
      code: 'MESSAGE_TIMEOUT',
      retryable: true,
    });
    expect(await failureOf(consumer.waitFor({ ...at, token: token(3) }))).toMatchObject({
      code: 'MESSAGE_PARKED',
      sequence: sequence(2),
      message: expect.stringContaining('failed 1 time: no room') as string,
    });
    expect(await failureOf(consumer.waitFor({ ...at, token: token(1, 'other') }))).toMatchObject({
      code: 'SOURCE_REWOUND',
    });
    await consumer.waitFor({ ...at, token: token(1) });
    await consumer.waitFor({ key: 'a', token: token(1) });
    expect(
      await failureOf(consumer.waitFor({ ...at, source: '/shop/order', token: token(1) })),
    ).toMatchObject({
      message: 'message.source must be a source of consumer "shipping": "/shop/orders"',
    });
    const both = shop.consumer(async () => {}, { name: 'both', sources: ['/shop/orders', '/shop/stock'] });
    expect(await failureOf(both.waitFor({ key: 'a', token: token(1) }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await consumer.waitFor({ ...at, key: 'none', token: 'v1.0' as never });
    expect(await failureOf(consumer.waitFor({ ...at, token: 'none' as never }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
