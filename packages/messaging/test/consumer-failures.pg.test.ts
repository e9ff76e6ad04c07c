import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { message, sequence, test } from './consumer-test.ts';
import { newerMessages } from './newer-messages.ts';

const at = (key: string) => ({ source: '/shop/orders', key });

describe('a message whose handler fails', () => {
  test('is tried again, while its key waits and others go on', async ({ shop }) => {
    const attempts: number[] = [];
    await shop.started(
      async (amount, { attempt }) => {
        if (amount !== 1) return;
        attempts.push(attempt);
        if (attempt < 3) throw new Error('busy');
      },
      { retry: { attempts: 3, firstDelayMs: 400 } },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2]), ...shop.sendChain('b', [10, 11]));
    await until(async () => (await shop.effects()).length === 4);
    expect(await shop.effects()).toEqual([10, 11, 1, 2]);
    expect(attempts).toEqual([1, 2, 3]);
    expect(shop.incidents.map(({ error }) => (error as Error).message)).toEqual(['busy', 'busy']);
    await until(async () => (await shop.row('a'))?.['blocked'] === null);
  });

  test('parks its key after the last attempt, in order, until an operator resumes it', async ({ shop }) => {
    guarantee('messages-never-lost');
    let broken = true;
    let calls = 0;
    const consumer = await shop.started(async (amount) => {
      if (amount !== 1) return;
      calls += 1;
      if (broken) throw new Error('no room');
    });
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await until(() => shop.codes().includes('MESSAGE_PARKED'));
    await shop.acknowledged(shop.broker.send(message('a', 3, { previous: 2 })));
    expect(calls).toBe(3);
    expect(await consumer.parked.list()).toMatchObject([
      {
        source: '/shop/orders',
        key: 'a',
        reason: 'failure',
        messages: 3,
        resumeAt: undefined,
        failure: { sequence: sequence(1), type: 'orders.placed', message: 'no room', attempts: 3 },
      },
    ]);
    const status = await consumer.status();
    expect(status).toMatchObject({ parkedKeys: 1, state: 'connected', lastFailure: { message: 'no room' } });
    broken = false;
    await consumer.parked.resume(at('a'));
    await shop.untilEffects('a', [1, 2, 3]);
    await until(async () => (await consumer.parked.list()).length === 0);
  });

  test('is given up with a reason, and what is left of its key goes on', async ({ shop }) => {
    const consumer = await shop.started(
      async (amount) => {
        if (amount === 2) throw new Error('no room');
      },
      { retry: false as never },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 3]));
    const given = { by: 'ada', reason: 'a test order', upTo: sequence(2) };
    expect(await consumer.parked.giveUp(at('a'), given)).toBe(1);
    await shop.untilEffects('a', [1, 3]);
    await shop.acknowledged(
      shop.broker.send(message('a', 2, { previous: 1 })),
      ...shop.sendChain('a', [3, 4]).slice(1),
    );
    expect(await shop.effects('a')).toEqual([1, 3, 4]);
    expect(await consumer.parked.givenUp()).toMatchObject([
      { sequence: sequence(2), messageId: 'event-2', givenUp: { by: 'ada', reason: 'a test order' } },
    ]);
    await expect(consumer.parked.giveUp(at('a'), given)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(consumer.parked.resume(at('a'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('stops the consumer by option, and is tried again by the next one', async ({ shop }) => {
    let broken = true;
    const consumer = await shop.started(
      async () => {
        if (broken) throw new Error('no room');
      },
      { onFailure: 'stop', retry: { attempts: 2, firstDelayMs: 1 } },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    await until(() => shop.incidents.some(({ stopped }) => stopped));
    expect(await consumer.status()).toMatchObject({
      state: 'stopped',
      failure: expect.stringContaining('failed 2 times: no room') as string,
      parkedKeys: 0,
    });
    await consumer.stop();
    broken = false;
    await shop.started(undefined, { onFailure: 'stop' });
    await shop.untilEffects('a', [1, 2]);
  });

  test('is not tried again when it cannot be read, until a release reads it', async ({ shop }) => {
    const consumer = await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 1, { type: 'orders.shipped' })));
    await shop.acknowledged(
      shop.broker.send(message('b', 2, { schemaVersion: 2, data: { amount: 2, currency: 'EUR' } })),
    );
    await shop.acknowledged(shop.broker.send(message('c', 3, { data: { amount: 'secret' } })));
    await shop.acknowledged(
      shop.broker.send({ ...message('d', 4), body: new TextEncoder().encode('secret') }),
    );
    await shop.acknowledged(shop.broker.send(message('a', 5, { previous: 1 })));
    const parked = await consumer.parked.list();
    expect(parked.map(({ key, failure }) => [key, failure?.code, failure?.attempts])).toEqual([
      ['a', 'UNKNOWN_EVENT', 1],
      ['b', 'UNKNOWN_EVENT', 1],
      ['c', 'INVALID_EVENT', 1],
      ['d', 'INVALID_MESSAGE', 1],
    ]);
    expect(JSON.stringify([parked, shop.incidents.map(({ error }) => String(error))])).not.toContain(
      'secret',
    );
    await consumer.stop();
    await shop.started(undefined, { messages: [newerMessages] });
    await shop.untilEffects('a', [5]);
    await shop.untilEffects('b', [2]);
    expect(await shop.effects()).toHaveLength(2);
  });

  test('is handled by a newer release that runs, also when an older one parks it later', async ({ shop }) => {
    const older = await shop.started();
    const newer = shop.consumer(undefined, { messages: [newerMessages] });
    await newer.start();
    // The older one has begun first, and gets the messages.
    await shop.acknowledged(shop.broker.send(message('a', 1, { type: 'orders.shipped' })));
    await shop.acknowledged(shop.broker.send(message('a', 2, { previous: 1 })));
    expect(await newer.parked.list()).toMatchObject([{ key: 'a', failure: { code: 'UNKNOWN_EVENT' } }]);
    await older.stop();
    await until(async () => (await newer.parked.list()).length === 0, { timeoutMs: 20_000 });
    expect(await shop.effects()).toEqual([2]);
  });
});

describe('a message that ends its process', () => {
  /** As a process leaves it that is killed in the handler: attempts are counted, and the message is delivered again. */
  test('is parked after the last attempt', async ({ shop }) => {
    guarantee('messages-never-lost');
    const consumer = shop.consumer();
    await consumer.migrate();
    const begin = () =>
      shop.pool.query(`select "${shop.schema}".begin_attempt('shipping', '/shop/orders', 'a', $1)`, [
        sequence(1),
      ]);
    for (const _ of [1, 2, 3]) await begin();
    await consumer.start();
    const sent = shop.broker.send(message('a', 1), { redelivered: true });
    await shop.acknowledged(sent, shop.broker.send(message('a', 2, { previous: 1 })));
    expect(await shop.effects('a')).toEqual([]);
    expect(shop.codes()).toEqual(['MESSAGE_PARKED']);
    expect((await consumer.parked.list())[0]).toMatchObject({
      messages: 2,
      failure: { message: 'the process ended each time while it was handled', attempts: 3 },
    });
    await consumer.parked.resume(at('a'));
    await shop.untilEffects('a', [1, 2]);
  });

  test('is counted before its handler begins, when it is delivered again', async ({ shop }) => {
    const counted: unknown[] = [];
    await shop.started(async (_amount, { attempt }) => {
      counted.push(attempt, (await shop.row('a'))?.['attempts']);
    });
    await shop.acknowledged(shop.broker.send(message('a', 1), { redelivered: true }));
    expect(counted).toEqual([1, 1]);
    expect(await shop.row('a')).toMatchObject({ sequence: sequence(1), attempts: 0, attempt_sequence: null });
  });
});

test.for([
  ["set local statement_timeout = '20ms'", 'select pg_sleep(5)'],
  ['select 1', 'select pg_terminate_backend(pg_backend_pid())'],
])(
  'a statement that fails by the database each time parks its key, and holds up nothing else: %s; %s',
  async ([before, text], { shop }) => {
    guarantee('messages-never-lost');
    const consumer = await shop.started(
      async (amount, { tx }) => {
        if (amount !== 1) return;
        await sql.raw(before!).execute(tx);
        await sql.raw(text!).execute(tx);
      },
      { retry: { attempts: 1 } },
    );
    await shop.acknowledged(shop.broker.send(message('a', 1)), ...shop.sendChain('b', [2, 3]));
    expect(await consumer.parked.list()).toMatchObject([{ key: 'a', reason: 'failure' }]);
    expect(await shop.effects('b')).toEqual([2, 3]);
  },
);
