import { randomUUID } from 'node:crypto';
import { createConsumer } from '@leftfold/messaging';
import { rabbitmq } from '@leftfold/messaging-rabbitmq';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { pythonWith, serviceUrl } from '@leftfold/testbed/services';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { createApp } from 'leftfold';
import type { Pool } from 'pg';
import { describe, expect, onTestFinished } from 'vitest';
import { order, orderMessages, ordersOut } from '../src/order.ts';
import { Billing, linesByOrder, publishForeign, removeExchange, tablesSql } from './billing.ts';

const test = databaseTest();
const url = serviceUrl('RABBITMQ_URL') ?? '';
const python = url === '' ? undefined : pythonWith('pika', 'psycopg2');
const keys = Array.from({ length: 10 }, (_, index) => `o-${index}`);

/** The numbers from `first` to `last`. */
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Another transaction writes a line first, so that the consumer waits for it in the middle of a message. */
async function holdLine(pool: Pool, orderId: string, line: number): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('begin');
  await client.query('insert into invoice_lines (order_id, line, cents) values ($1, $2, 0)', [orderId, line]);
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

describe.skipIf(python === undefined)('a consumer in Python', { timeout: 60_000 }, () => {
  test('has the effects of each message once and in order, though it is killed and a key is parked', async ({
    ownDatabase,
    ownPool: pool,
  }) => {
    guarantee('inbox-from-other-languages');
    const { connectionString } = ownDatabase;
    await pool.query(tablesSql());
    const exchange = `test-${randomUUID().slice(0, 12)}`;
    onTestFinished(() => removeExchange(url, exchange));
    const transport = rabbitmq({ url, exchange, consumers: ['billing'] });
    const relay = ordersOut(transport);
    await using app = await createApp({
      database: { url: connectionString },
      aggregates: [order],
      relays: [relay],
    });
    await using billing = new Billing(python!, {
      DATABASE_URL: connectionString,
      RABBITMQ_URL: url,
      EXCHANGE: exchange,
    });
    const addLines = async (first: number, last: number, centsOf = (_key: string, line: number) => line) => {
      for (const line of range(first, last))
        await Promise.all(
          keys.map((key) => app.execute(order.command.addLine(key, { cents: centsOf(key, line) }))),
        );
      await app.relays.whenCaughtUp(relay);
    };
    const untilLines = (count: number) =>
      until(async () => (await pool.query('select from invoice_lines')).rowCount === count, {
        message: `${count} lines, but the consumer says: ${billing.log}`,
      });

    const release = await holdLine(pool, 'o-3', 6);
    await addLines(1, 12);
    billing.start();
    await untilBlocked(pool);
    await billing.kill();
    await release();
    billing.start();
    await untilLines(120);

    const releaseSecond = await holdLine(pool, 'o-7', 16);
    await addLines(13, 20);
    await app.relays.rewind(relay, { position: 0 });
    await app.relays.whenCaughtUp(relay);
    await untilBlocked(pool);
    await billing.kill();
    await releaseSecond();
    billing.start();
    await untilLines(200);

    await addLines(21, 30, (key, line) => (key === 'o-5' && line === 25 ? -1 : line));
    await untilLines(294);
    await using operator = createConsumer({
      name: 'billing',
      transport,
      sources: ['/shop/orders'],
      messages: [orderMessages],
      database: { connectionString },
      on: { 'orders.line-added': async () => {} },
    });
    await until(async () => (await operator.status()).parkedKeys === 1);
    const parked = { source: '/shop/orders', key: 'order-o-5' };
    expect(await operator.parked.list()).toMatchObject([{ ...parked, reason: 'failure', messages: 6 }]);
    expect(await operator.parked.list()).toMatchObject([
      { failure: { type: 'orders.line-added', attempts: 5 } },
    ]);

    await pool.query('alter table invoice_lines drop constraint invoice_lines_cents');
    await operator.parked.resume(parked);
    await untilLines(300);
    expect(await linesByOrder(pool)).toEqual(Object.fromEntries(keys.map((key) => [key, range(1, 30)])));
    expect(await operator.status()).toMatchObject({ parkedKeys: 0, retryingKeys: 0, gaps: 0, unplaced: 0 });
    // A duplicate that has its effect fails: the table has each line once.
    expect(billing.log.match(/failed|parked|connects/g)).toEqual([...Array(4).fill('failed'), 'parked']);
    expect(await billing.stop()).toBe(0);
  });

  test('keeps what is no message, reads structured ones, and connects again', async ({
    ownDatabase,
    ownPool: pool,
  }) => {
    guarantee('inbox-from-other-languages');
    const { connectionString } = ownDatabase;
    await pool.query(tablesSql());
    const exchange = `test-${randomUUID().slice(0, 12)}`;
    onTestFinished(() => removeExchange(url, exchange));
    const relay = ordersOut(rabbitmq({ url, exchange, consumers: ['billing'] }), 'structured');
    await using app = await createApp({
      database: { url: connectionString },
      aggregates: [order],
      relays: [relay],
    });
    await using billing = new Billing(python!, {
      DATABASE_URL: connectionString,
      RABBITMQ_URL: url,
      EXCHANGE: exchange,
    });
    billing.start();
    const addLine = () => app.execute(order.command.addLine('o-1', { cents: 1 }));
    const untilLines = (count: number) =>
      until(async () => (await linesByOrder(pool))['o-1']?.length === count, {
        message: `${count} lines, but the consumer says: ${billing.log}`,
      });
    await addLine();
    await untilLines(1);
    await publishForeign(url, exchange, 'no message');
    await publishForeign(url, exchange, 'no message');
    await until(async () => (await pool.query('select from leftfold_inbox.inbox_messages')).rowCount === 1);
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'billing'`,
    );
    await addLine();
    await untilLines(2);
    expect(billing.log).toMatch(/connects again after/);
    expect(await billing.stop()).toBe(0);
  });
});
