import { defineEvents } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { type Consumer, createConsumer, createRelayRunner, defineRelay } from '@leftfold/messaging';
import type { Pool } from 'pg';
import { z } from 'zod';
import { redisStreams } from '../src/index.ts';

const orderEvents = defineEvents('order', { placed: z.object({ amount: z.int() }) });
const orderMessages = defineEvents('orders', { placed: z.object({ amount: z.int() }) });

const KEYS = 9;
const retry = { attempts: 5, firstDelayMs: 20, maxDelayMs: 200 };

/** A log of orders, a relay that publishes them to a Redis server, and consumers that write each to a table. */
export async function openShop({ connectionString, pool, redis }: ShopOptions) {
  const incidents: unknown[] = [];
  const onIncident = ({ error }: { readonly error: unknown }) => incidents.push(error);
  const transport = () =>
    redisStreams({ url: redis, stream: 'orders', consumers: ['shipping'], leaseMs: 1_000 });
  const store = createEventStore({ connectionString, events: [orderEvents] });
  await store.migrate();
  const relay = defineRelay({
    name: 'orders-out',
    source: '/shop/orders',
    start: 'beginning',
    slices: 2,
    events: [orderEvents],
    publishes: [orderMessages],
    map: { 'order.placed': ({ data }) => orderMessages.create.placed(data) },
    transport: transport(),
  });
  const runner = createRelayRunner({
    store,
    relays: [relay],
    leaseMs: 1_000,
    batchSize: 20,
    retry,
    onIncident,
  });
  await runner.migrate();
  await runner.start();
  await pool.query(`create table effects (
    place bigint generated always as identity, key text, amount integer, primary key (key, amount))`);
  return {
    relay,
    runner,
    /** The codes of all incidents. */
    codes: () => new Set(incidents.map((error) => (error as { readonly code?: string }).code)),
    /** Appends events with these amounts, dealt out to keys. */
    append: async (from: number, to: number) => {
      for (let amount = from; amount < to; amount += 1)
        await store.append(`order-${amount % KEYS}`, [orderEvents.create.placed({ amount })]);
    },
    startConsumer: async (): Promise<Consumer> => {
      const consumer = createConsumer({
        name: 'shipping',
        transport: transport(),
        sources: ['/shop/orders'],
        messages: [orderMessages],
        database: { connectionString },
        concurrency: 4,
        prefetch: 40,
        gapTimeoutMs: 200,
        retry,
        onIncident,
        on: {
          'orders.placed': async ({ key, data: { amount } }, { tx }) => {
            await tx
              .withTables<{ effects: { key: string; amount: number } }>()
              .insertInto('effects')
              .values({ key, amount })
              .execute();
          },
        },
      });
      await consumer.start();
      return consumer;
    },
    countEffects: async () => {
      const { rows } = await pool.query<{ count: string }>('select count(*) from effects');
      return Number(rows[0]?.count);
    },
    /** Effects that came after a later one of their key. */
    disorder: async () => {
      const { rows } = await pool.query(
        `select from (select amount, lag(amount) over (partition by key order by place) as before from effects) as each
          where each.amount < each.before`,
      );
      return rows;
    },
    [Symbol.asyncDispose]: async () => {
      await runner.stop();
      await store.close();
    },
  };
}

interface ShopOptions {
  readonly connectionString: string;
  /** Of the same database. */
  readonly pool: Pool;
  /** The URL of the server. */
  readonly redis: string;
}
