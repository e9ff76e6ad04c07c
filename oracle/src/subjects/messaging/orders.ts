import { defineEvents } from '@leftfold/core';
import { defineRelay, type Transport } from '@leftfold/messaging';
import { z } from 'zod';

/** What consumers take the messages for. */
export const CONSUMER = 'billing';
export const SOURCE = '/oracle/orders';
export const RELAY = 'orders-out';
/** How long the leases of relays last. */
export const LEASE_MS = 1_200;

/** Messages of one order are in order. */
export const ORDERS = 50;

export const orderEvents = defineEvents('order', { placed: z.object({ cents: z.int() }) });
export const orderMessages = defineEvents('orders', { placed: z.object({ cents: z.int() }) });

/** Publishes each event of the log from its beginning. */
export const ordersOut = (transport: Transport) =>
  defineRelay({
    name: RELAY,
    source: SOURCE,
    start: 'beginning',
    slices: 4,
    events: [orderEvents],
    publishes: [orderMessages],
    map: { 'order.placed': ({ data: { cents } }) => orderMessages.create.placed({ cents }) },
    transport,
  });
