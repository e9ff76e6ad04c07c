import { defineEvents } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { createRelayRunner, defineRelay } from '@leftfold/messaging';
import { z } from 'zod';
import { postgresQueue } from '../src/index.ts';

export const orderEvents = defineEvents('order', { placed: z.object({ cents: z.int() }) });
const orderMessages = defineEvents('orders', { placed: z.object({ cents: z.int() }) });

export const openStore = (connectionString: string) =>
  createEventStore({ connectionString, events: [orderEvents] });

export const openQueue = (url: string) =>
  postgresQueue({ url, queue: 'orders', consumers: ['billing'], invisibleMs: 1_000 });

/** A runner that publishes the orders of a log to a queue in its database. */
export function relayOrders(store: ReturnType<typeof openStore>, url: string) {
  const relay = defineRelay({
    name: 'orders-out',
    source: '/shop/orders',
    start: 'beginning',
    slices: 2,
    events: [orderEvents],
    publishes: [orderMessages],
    map: { 'order.placed': ({ data }) => orderMessages.create.placed({ cents: data.cents }) },
    transport: openQueue(url),
  });
  const retry = { attempts: 5, firstDelayMs: 20, maxDelayMs: 200 };
  const runner = createRelayRunner({
    store,
    relays: [relay],
    leaseMs: 500,
    batchSize: 20,
    retry,
    onIncident: () => {},
  });
  return { relay, runner };
}
