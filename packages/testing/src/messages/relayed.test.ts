import { AssertionError } from 'node:assert';
import { defineEvents, type InvalidEventError } from '@leftfold/core';
import { defineConsumer, defineRelay, type Transport } from '@leftfold/messaging';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inStream } from '../index.ts';
import { givenMessages, ofKey, relayed } from './index.ts';

const orderEvents = defineEvents('order', {
  placed: z.object({ cents: z.int(), customer: z.string() }),
  noted: z.object({}),
});
const orderMessages = defineEvents('orders', { placed: z.object({ euros: z.number() }) });
const { placed, noted } = orderEvents.create;
const published = orderMessages.create.placed;

const refuse = () => Promise.reject(new Error('a test has no broker'));
const transport: Transport = { name: 'none', openPublisher: refuse, openReceiver: refuse };
const ordersOut = defineRelay({
  name: 'orders-out',
  source: '/shop/orders',
  events: [orderEvents],
  publishes: [orderMessages],
  key: ({ streamId }) => `of ${streamId}`,
  map: {
    'order.placed': ({ data }) => (data.cents === 0 ? undefined : published({ euros: data.cents / 100 })),
  },
  transport,
});
const of = (cents: number) => placed({ cents, customer: 'Ada' });

describe('what a relay makes of events', () => {
  test('is compared with messages, and with keys where a test names them', () => {
    const made = relayed(ordersOut, [inStream('order-7', of(100), noted({}), of(0)), of(250)]);
    made.thenMessages([published({ euros: 1 }), published({ euros: 2.5 })]);
    made.thenMessages([ofKey('of order-7', published({ euros: 1 })), published({ euros: 2.5 })]);
    expect(() => made.thenMessages([published({ euros: 1 })])).toThrow(AssertionError);
    expect(() => made.thenMessages([published({ euros: 1 }), published({ euros: 3 })])).toThrow(
      'relay "orders-out" published other messages',
    );
    expect(() =>
      made.thenMessages([ofKey('order-7', published({ euros: 1 })), published({ euros: 2.5 })]),
    ).toThrow('of order-7');
  });

  test('can be given to a consumer of another service', async () => {
    const handled: unknown[] = [];
    const shipping = defineConsumer({
      name: 'shipping',
      transport,
      sources: ['/shop/orders'],
      messages: [orderMessages],
      on: {
        'orders.placed': async ({ key, source, data }) => void handled.push({ key, source, data }),
      },
    });
    const consumed = await givenMessages(relayed(ordersOut, [inStream('order-7', of(100))]).messages).consume(
      shipping,
    );
    consumed.thenParked([]);
    expect(handled).toEqual([{ key: 'of order-7', source: '/shop/orders', data: { euros: 1 } }]);
  });

  test('fails as the relay would', () => {
    const wrong = defineRelay({
      name: 'wrong',
      source: '/wrong',
      events: [orderEvents],
      publishes: [orderMessages],
      map: { 'order.placed': () => published({ euros: 'many' as never }) },
      transport,
    });
    expect(() => relayed(wrong, [of(1)])).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT' } satisfies Partial<InvalidEventError>),
    );
    expect(() => relayed({} as never, [of(1)])).toThrow('made by defineRelay(...)');
  });
});
