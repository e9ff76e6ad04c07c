import { AssertionError } from 'node:assert';
import { defineAggregate, defineEvents, reject, schemaVersions } from '@leftfold/core';
import { defineConsumer, type Transport } from '@leftfold/messaging';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { givenMessages, ofKey } from './index.ts';

const orders = defineEvents('orders', {
  placed: schemaVersions(z.object({ id: z.string() })).next(
    z.object({ id: z.string(), cents: z.int() }),
    ({ id }) => ({ id, cents: 0 }),
  ),
  cancelled: z.object({ id: z.string() }),
  noted: z.object({}),
});
const { placed, cancelled, noted } = orders.create;
const parcel = defineAggregate({
  events: defineEvents('parcel', { packed: z.object({ cents: z.int() }) }),
  initialState: {},
  evolve: { packed: (state) => state },
  rejections: ['no-room'],
  commands: {
    pack: {
      input: z.object({ cents: z.int() }),
      decide: (_state, input, emit) => (input.cents < 0 ? reject('no-room') : emit.packed(input)),
    },
  },
});
const pack = (id: string, cents: number) => parcel.command.pack(id, { cents });

const refuse = () => Promise.reject(new Error('a test has no broker'));
const transport: Transport = { name: 'none', openPublisher: refuse, openReceiver: refuse };
const cancellations: string[] = [];
const consumer = defineConsumer({
  name: 'shipping',
  transport,
  sources: ['/shop/orders', '/shop/returns'],
  messages: [orders],
  commands: { 'orders.placed': ({ data }) => pack(data.id, data.cents) },
  on: {
    'orders.cancelled': async ({ data, key, source, attributes }, { idempotencyKey, attempt, tx }) => {
      cancellations.push(`${data.id} ${key} ${source} ${attributes['subject']} ${idempotencyKey} ${attempt}`);
      if (data.id === 'late') throw new Error('it is packed');
      if (data.id === 'kept') await tx.withTables<{ kept: { id: string } }>().selectFrom('kept').execute();
    },
  },
});

describe('a consumer in memory', () => {
  test('executes the commands of its messages, in order, and skips those that it has no handler for', async () => {
    const consumed = await givenMessages([
      placed({ id: 'a', cents: 5 }),
      noted({}),
      ofKey('order-b', placed({ id: 'b', cents: 7 }), cancelled({ id: 'b' })),
      { message: cancelled({ id: 'c' }), source: '/shop/returns' },
    ]).consume(consumer, { attempt: 2 });
    consumed.thenCommands([pack('a', 5), pack('b', 7)]);
    consumed.thenParked([]);
    expect(cancellations.splice(0)).toEqual([
      'b order-b /shop/orders order-b shipping-message-4 2',
      'c orders-1 /shop/returns orders-1 shipping-message-5 2',
    ]);
    expect(() => consumed.thenCommands([pack('a', 5)])).toThrow(AssertionError);
    expect(() => consumed.thenParked([{ key: 'order-b', reason: 'UNKNOWN_EVENT' }])).toThrow(AssertionError);
  });

  test('parks a message that fails, with those of its key that follow', async () => {
    const consumed = await givenMessages([
      ofKey('late', cancelled({ id: 'late' }), placed({ id: 'never', cents: 1 })),
      ofKey('full', placed({ id: 'full', cents: 1 })),
      ofKey('next', placed({ id: 'next', cents: 2 })),
    ]).consume(consumer, {
      answer: (command) => ('id' in command && command.id === 'full' ? reject('no-room') : undefined),
    });
    consumed.thenParked([
      { key: 'late', reason: 'it is packed' },
      { key: 'full', reason: 'COMMAND_REJECTED' },
    ]);
    expect(consumed.commands).toEqual([pack('full', 1), pack('next', 2)]);
    expect(() => consumed.thenCommands(consumed.commands)).toThrow(
      'consumer "shipping" parked key "late": it is packed',
    );
  });

  test('reads older versions of a message, and parks what it does not know', async () => {
    const [older] = [{ ...placed({ id: 'a', cents: 1 }), schemaVersion: 1, data: { id: 'a' } }];
    const unknown = { ...noted({}), type: 'orders.lost' };
    const consumed = await givenMessages([ofKey('a', older), ofKey('b', unknown)]).consume(consumer);
    expect(consumed.commands).toEqual([pack('a', 0)]);
    consumed.thenParked([{ key: 'b', reason: 'UNKNOWN_EVENT' }]);
  });

  test('has no transaction unless it is given one', async () => {
    const kept = givenMessages([cancelled({ id: 'kept' })]);
    const consumed = await kept.consume(consumer);
    consumed.thenParked([{ key: 'orders-1', reason: 'INVALID_ARGUMENT' }]);
    expect(String(consumed.parked[0]?.error)).toContain('give consume(…, { tx }) a transaction');
    const execute = async () => [];
    const tx = { withTables: () => ({ selectFrom: () => ({ execute }) }) };
    (await kept.consume(consumer, { tx: tx as never })).thenCommands([]);
  });

  test('executes the statements that a handler returns', async () => {
    const returning = defineConsumer({
      name: 'shipping',
      transport,
      sources: ['/shop/orders'],
      messages: [orders],
      on: { 'orders.cancelled': ({ data }) => ({ compile: () => ({ parameters: [data.id] }) as never }) },
    });
    const given = givenMessages([cancelled({ id: 'a' })]);
    (await given.consume(returning)).thenParked([{ key: 'orders-1', reason: 'INVALID_ARGUMENT' }]);
    const executed: unknown[] = [];
    const tx = { executeQuery: async (query: unknown) => executed.push(query) };
    (await given.consume(returning, { tx: tx as never })).thenParked([]);
    expect(executed).toEqual([{ parameters: ['a'] }]);
  });

  test('takes messages, and options, that are such', async () => {
    expect(() => givenMessages([{ message: 'placed' } as never])).toThrow('messages must be an event');
    const given = givenMessages([{ message: noted({}), source: '/shop/mails' }]);
    await expect(given.consume(consumer)).rejects.toThrow('have one of source "/shop/mails"');
    await expect(givenMessages([]).consume(consumer, { attempt: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(givenMessages([]).consume(parcel as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
