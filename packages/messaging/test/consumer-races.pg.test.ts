import { guarantee } from '@leftfold/testbed/guarantees';
import { TransportRefusedError, TransportUnavailableError } from '@leftfold/core';
import { beginTransaction } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { message, sequence, test } from './consumer-test.ts';
import { TestBroker } from './test-broker.ts';

describe('two processes with one consumer', () => {
  test.for([
    ['the first message of a key', 1],
    ['a later one', 2],
  ] as const)('that have %s at one time: one applies it', async ([, position], { shop, database }) => {
    const gate = new Gate();
    const other = new TestBroker();
    const called: string[] = [];
    await shop.started(
      async (amount) => {
        if (amount !== position) return;
        called.push('one');
        await gate.pass();
      },
      { by: 'one' },
    );
    await shop.started(async (amount) => void (amount === position && called.push('other')), {
      by: 'other',
      transport: other,
    });
    if (position === 2) await shop.acknowledged(shop.broker.send(message('a', 1)));
    const one = message('a', position, { previous: position === 1 ? undefined : 1 });
    const first = shop.broker.send(one);
    await gate.reached();
    // A handler whose message is expected does not wait for the inbox: only now the row of the key is its own.
    const free = `select from "${shop.schema}".inbox where key = 'a' for update skip locked`;
    await until(async () => (await shop.pool.query(free)).rowCount === 0);
    const second = other.send(one);
    await untilBlocked(database.connectionString);
    expect(second.acknowledged).toBe(false);
    gate.open();
    await shop.acknowledged(first, second);
    expect(called).toEqual(['one']);
    const { rows } = await shop.pool.query(
      `select amount, by from "${shop.schema}_effects".effects where amount = $1`,
      [position],
    );
    expect(rows).toEqual([{ amount: position, by: 'one' }]);
    expect(shop.incidents).toEqual([]);
  });

  test('of which one was first, while the other expected the message: what it did is rolled back', async ({
    shop,
    database,
  }) => {
    guarantee('messages-once');
    const called: string[] = [];
    await shop.started(async (amount) => void called.push(`one ${amount}`), { by: 'one' });
    await shop.acknowledged(shop.broker.send(message('a', 1)));
    // Another process is in the transaction of message 2.
    await using held = await beginTransaction(database.connectionString);
    await held.client.query(
      `select * from "${shop.schema}".receive('shipping', '/shop/orders', 'a', $1, 'event-2', $2, 'first')`,
      [sequence(2), sequence(1)],
    );
    const sent = shop.broker.send(message('a', 2, { previous: 1 }));
    await untilBlocked(database.connectionString);
    // The handler did not wait for the inbox: its statement is behind that of the inbox on one connection.
    expect(called).toEqual(['one 1', 'one 2']);
    await held.commit();
    await shop.acknowledged(sent);
    expect(await shop.effects('a')).toEqual([1]);
    expect(shop.incidents).toEqual([]);
    await shop.acknowledged(shop.broker.send(message('a', 3, { previous: 2 })));
    expect(await shop.effects('a')).toEqual([1, 3]);
  });

  test('of which the first rolls back: the other one applies the message', async ({ shop, database }) => {
    await shop.started();
    await shop.acknowledged(shop.broker.send(message('a', 1)));
    await using held = await beginTransaction(database.connectionString);
    await held.client.query(
      `select * from "${shop.schema}".receive('shipping', '/shop/orders', 'a', $1, 'event-2', $2, 'first')`,
      [sequence(2), sequence(1)],
    );
    const sent = shop.broker.send(message('a', 2, { previous: 1 }));
    await untilBlocked(database.connectionString);
    await held.rollback();
    await shop.acknowledged(sent);
    expect(await shop.effects('a')).toEqual([1, 2]);
  });

  test('handle later messages of a key only after those before them are committed', async ({
    shop,
    database,
  }) => {
    guarantee('messages-in-order');
    const gate = new Gate();
    const other = new TestBroker();
    await shop.started(async (amount, { tx }) => {
      if (amount !== 2) return;
      // Answered after the statement of the inbox, which goes before it: the row of the key is locked now.
      await sql`select`.execute(tx);
      await gate.pass();
    });
    await shop.started(undefined, { transport: other });
    await shop.acknowledged(shop.broker.send(message('a', 1)));
    const second = shop.broker.send(message('a', 2, { previous: 1 }));
    await gate.reached();
    const third = other.send(message('a', 3, { previous: 2 }));
    await untilBlocked(database.connectionString);
    gate.open();
    await shop.acknowledged(second, third);
    expect(await shop.effects('a')).toEqual([1, 2, 3]);
    expect(await shop.row('a')).toMatchObject({ blocked: null });
  });

  test('record no failure of a message that the other one has applied since', async ({ shop, database }) => {
    await shop.consumer().migrate();
    await using held = await beginTransaction(database.connectionString);
    await held.client.query(
      `select * from "${shop.schema}".receive('shipping', '/shop/orders', 'a', $1, 'event-1', null, 'first')`,
      [sequence(1)],
    );
    const recording = shop.pool.query(
      `select "${shop.schema}".record_failure('shipping', '/shop/orders', 'a', $1, 'event-1', null, 'first', '{}', '',
                                             'application/json', 'orders.placed', null, 'busy', 1, 0) as recorded`,
      [sequence(1)],
    );
    await untilBlocked(database.connectionString);
    await held.commit();
    expect((await recording).rows).toEqual([{ recorded: false }]);
    expect(await shop.row('a')).toMatchObject({ sequence: sequence(1), blocked: null, attempts: 0 });
  });
});

describe('a connection', () => {
  test('to the broker that is lost is opened again, and what was not acknowledged comes again', async ({
    shop,
  }) => {
    const gate = new Gate();
    const consumer = await shop.started(() => gate.pass());
    const sent = shop.sendChain('a', [1, 2, 3]);
    await gate.reached();
    const back = new Gate();
    shop.broker.opening = () => back.pass();
    shop.broker.refusals.push(new Error('not yet'));
    shop.broker.cut();
    expect(await consumer.status()).toMatchObject({
      state: 'waiting',
      waitingFor: expect.stringContaining('the transport: ') as string,
    });
    back.open();
    gate.open();
    await shop.acknowledged(...sent);
    expect(await shop.effects('a')).toEqual([1, 2, 3]);
    expect(await consumer.status()).toMatchObject({ state: 'connected', inFlight: 0, waitingFor: undefined });
    expect(shop.codes()).toEqual(['TRANSPORT_UNAVAILABLE', undefined]);
  });

  test('to the broker that refuses at first fails the start; one that is away is waited for', async ({
    shop,
  }) => {
    shop.broker.refusals.push(new TransportRefusedError('test broker', 'the login'));
    const refused = shop.consumer();
    expect(await failureOf(refused.start())).toMatchObject({ code: 'TRANSPORT_REFUSED' });
    shop.broker.refusals.push(new TransportUnavailableError('test broker', 'it is away'));
    await shop.started();
    await shop.acknowledged(...shop.sendChain('a', [1]));
  });

  test('to the database that breaks in a handler: the message is handled again, and counted as no failure', async ({
    shop,
  }) => {
    let broken = true;
    const attempts: number[] = [];
    await shop.started(async (_amount, { tx, attempt }) => {
      attempts.push(attempt);
      if (!broken) return;
      broken = false;
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx);
    });
    await shop.acknowledged(...shop.sendChain('a', [1, 2]));
    expect(await shop.effects('a')).toEqual([1, 2]);
    expect(attempts).toEqual([1, 1, 1]);
    expect(shop.codes()).toEqual(['STORE_UNAVAILABLE']);
  });

  test('to the database that cannot write: nothing is acknowledged until it can', async ({ shop }) => {
    guarantee('messages-never-lost');
    const consumer = await shop.started();
    await shop.pool.query(`alter table "${shop.schema}".inbox rename to hidden`);
    const sent = shop.sendChain('a', [1, 2]);
    await until(() => shop.incidents.length > 0);
    expect(sent.some(({ acknowledged }) => acknowledged)).toBe(false);
    await shop.pool.query(`alter table "${shop.schema}".hidden rename to inbox`);
    await shop.acknowledged(...sent);
    expect(await shop.effects('a')).toEqual([1, 2]);
    await until(async () => (await consumer.status()).state === 'connected');
  });
});
