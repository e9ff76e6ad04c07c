import { defineEvents } from '@leftfold/core';
import { sql, type Transaction } from 'kysely';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Transport } from '../transport/transport.ts';
import { createConsumer } from './create-consumer.ts';

const orderMessages = defineEvents('orders', {
  placed: z.object({ cents: z.int() }),
  cancelled: z.object({ reason: z.string() }),
});
const invoiceMessages = defineEvents('invoices', { sent: z.object({ number: z.string() }) });

declare const transport: Transport;
const options = { name: 'shipping', transport, sources: ['/shop/orders'], database: {} };

test('handlers get the messages of their type', () => {
  createConsumer({
    ...options,
    messages: [orderMessages, invoiceMessages],
    on: {
      'orders.placed': async (message, { tx, signal, attempt, idempotencyKey }) => {
        expectTypeOf(message.type).toEqualTypeOf<'orders.placed'>();
        expectTypeOf(message.data.cents).toEqualTypeOf<number>();
        expectTypeOf(message.key).toEqualTypeOf<string>();
        expectTypeOf(message.time).toEqualTypeOf<Date | undefined>();
        expectTypeOf(tx).toEqualTypeOf<Transaction<unknown>>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(attempt).toEqualTypeOf<number>();
        expectTypeOf(idempotencyKey).toEqualTypeOf<string>();
        const parcels = tx.withTables<{ parcels: { order_id: string } }>();
        await parcels.insertInto('parcels').values({ order_id: message.key }).execute();
        // @ts-expect-error no such column
        parcels.insertInto('parcels').values({ order: message.key });
      },
      'invoices.sent': async ({ data }) => {
        expectTypeOf(data.number).toEqualTypeOf<string>();
      },
    },
  });
});

test('a handler returns a promise, or statements that are not executed', () => {
  createConsumer({
    ...options,
    messages: [orderMessages, invoiceMessages],
    on: {
      'orders.placed': ({ key }, { tx }) => {
        const parcels = tx.withTables<{ parcels: { order_id: string } }>();
        return [parcels.insertInto('parcels').values({ order_id: key }), sql`select 1`];
      },
      // @ts-expect-error neither
      'invoices.sent': ({ data }) => data.number,
    },
  });
});

test('a handler of a type that no message has does not compile', () => {
  createConsumer({
    ...options,
    messages: [orderMessages],
    on: {
      // @ts-expect-error no message has this type
      'invoices.sent': async () => {},
    },
  });
});

test('one handler of all messages narrows them by type', () => {
  createConsumer({
    ...options,
    messages: [orderMessages],
    handle: async (message) => {
      if (message.type === 'orders.placed') expectTypeOf(message.data.cents).toEqualTypeOf<number>();
      else expectTypeOf(message.data.reason).toEqualTypeOf<string>();
    },
  });
});
