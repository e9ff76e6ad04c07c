import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Transport } from '../transport/transport.ts';
import { createConsumer } from './create-consumer.ts';
import { type ConsumerDefinition, defineConsumer } from './define-consumer.ts';

const orderMessages = defineEvents('orders', {
  placed: z.object({ cents: z.int() }),
  cancelled: z.object({ reason: z.string() }),
});
const payment = defineAggregate({
  events: defineEvents('payment', { requested: z.object({ cents: z.int() }) }),
  initialState: {},
  evolve: { requested: (state) => state },
  rejections: ['already-requested'],
  commands: {
    request: {
      input: z.object({ cents: z.int() }),
      decide: (_state, input, emit) =>
        input.cents > 0 ? emit.requested(input) : reject('already-requested'),
    },
  },
});

declare const transport: Transport;
const options = {
  name: 'payments',
  transport,
  sources: ['/shop/orders'],
  messages: [orderMessages],
} as const;

test('a message becomes a command, several, or none', () => {
  const consumer = defineConsumer({
    ...options,
    commands: {
      'orders.placed': ({ type, key, data }) => {
        expectTypeOf(type).toEqualTypeOf<'orders.placed'>();
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
        const request = payment.command.request(key, { cents: data.cents });
        return data.cents > 100 ? [request, request] : request;
      },
      'orders.cancelled': () => [],
    },
  });
  expectTypeOf(consumer).toEqualTypeOf<ConsumerDefinition>();
});

test('what is no command, or one of another message, does not compile', () => {
  defineConsumer({
    ...options,
    commands: {
      // @ts-expect-error the data of a command is checked
      'orders.placed': ({ key }) => payment.command.request(key, { cents: 'all' }),
      // @ts-expect-error the message has no cents
      'orders.cancelled': ({ key, data }) => payment.command.request(key, { cents: data.cents }),
    },
  });
  // @ts-expect-error a command is returned
  defineConsumer({ ...options, commands: { 'orders.placed': () => {} } });
  // @ts-expect-error a command is no promise
  defineConsumer({ ...options, commands: { 'orders.placed': async () => [] } });
  // @ts-expect-error a message is no command
  defineConsumer({ ...options, commands: { 'orders.placed': (message) => message } });
  // @ts-expect-error no message has this type
  defineConsumer({ ...options, commands: { 'orders.shipped': () => [] } });
  // @ts-expect-error the database is that of the app
  defineConsumer({ ...options, database: {}, commands: { 'orders.placed': () => [] } });
});

test('handlers execute commands in an app only', () => {
  defineConsumer({
    ...options,
    on: {
      'orders.placed': async ({ key }, { execute, tx, idempotencyKey }) => {
        expectTypeOf(idempotencyKey).toEqualTypeOf<string>();
        await tx.withTables<{ seen: { id: string } }>().insertInto('seen').values({ id: key }).execute();
        const result = await execute(payment.command.request(key, { cents: 1 }));
        if (result.outcome === 'rejected') expectTypeOf(result.reason).toEqualTypeOf<'already-requested'>();
        else expectTypeOf(result.duplicate).toEqualTypeOf<boolean>();
      },
    },
  });
  createConsumer({
    ...options,
    database: {},
    on: {
      // @ts-expect-error there is no app
      'orders.placed': async (_message, { execute }) => execute,
    },
  });
  // @ts-expect-error there is no app
  createConsumer({ ...options, database: {}, commands: { 'orders.placed': () => [] } });
});
