import { aggregateIdOf, defineAggregate, defineEvents } from '@leftfold/core';
import { type ContentMode, defineRelay, type Transport } from '@leftfold/messaging';
import { z } from 'zod';

const orderEvents = defineEvents('order', {
  lineAdded: z.object({ line: z.int(), cents: z.int() }),
});

export const order = defineAggregate({
  events: orderEvents,
  initialState: { lines: 0 },
  evolve: { lineAdded: (_state, { line }) => ({ lines: line }) },
  commands: {
    addLine: {
      input: z.object({ cents: z.int() }),
      decide: ({ lines }, { cents }, emit) => emit.lineAdded({ line: lines + 1, cents }),
    },
  },
});

/** What other services may rely on, in whatever language they are. */
export const orderMessages = defineEvents('orders', {
  'line-added': z.object({ orderId: z.string(), line: z.int(), cents: z.int() }),
});

export const ordersOut = (transport: Transport, mode: ContentMode = 'binary') =>
  defineRelay({
    name: 'orders-out',
    source: '/shop/orders',
    events: [orderEvents],
    publishes: [orderMessages],
    map: {
      'order.lineAdded': ({ streamId, data }) =>
        orderMessages.create['line-added']({ orderId: aggregateIdOf(streamId), ...data }),
    },
    mode,
    transport,
  });
