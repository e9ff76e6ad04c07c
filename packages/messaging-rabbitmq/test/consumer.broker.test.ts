import { defineEvents, type RecordedEvent } from '@leftfold/core';
import { createConsumer, type OutgoingMessage, toCloudEvent } from '@leftfold/messaging';
import { databaseTest } from '@leftfold/testbed/database';
import { serviceUrl } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import type { Options } from 'amqplib';
import { describe, expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { rabbitmq } from '../src/index.ts';
import { exchangeName, onChannel, publish, removeExchange } from './broker.ts';

const test = databaseTest();
const served = serviceUrl('RABBITMQ_URL');
const url = served ?? '';
const orderMessages = defineEvents('orders', { placed: z.object({ amount: z.int() }) });

function orderOf(position: number): OutgoingMessage {
  const event: RecordedEvent = {
    type: 'order.placed',
    schemaVersion: 1,
    data: {},
    id: `event-${position}`,
    streamId: 'order-1',
    streamVersion: position,
    position,
    recordedAt: new Date(0),
    metadata: {},
    tags: [],
  };
  const previous = position > 1 ? String(position - 1).padStart(16, '0') : undefined;
  const published = { type: 'orders.placed', schemaVersion: 1, data: { amount: position } };
  return toCloudEvent(published, { event, source: '/shop', key: 'a', previous, lineage: 'one' }, 'binary');
}

/** What other clients may send to the same exchange. */
const rubbish: readonly (readonly [Buffer, Options.Publish])[] = [
  [Buffer.alloc(0), {}],
  [Buffer.from([255, 0, 254]), { contentType: 'text/plain', headers: { other: 1 } }],
  [
    Buffer.from('{}'),
    { contentType: 'application/json', headers: { cloudEvents_id: { a: [1, null, { b: true }] } } },
  ],
  [
    Buffer.from('{}'),
    {
      headers: {
        'cloudEvents:specversion': 1,
        cloudEvents_source: Buffer.from([1, 2, 3]),
        cloudEvents_time: { '!': 'timestamp', value: 1_767_323_045 },
        cloudEvents_sequence: { '!': 'long', value: '9007199254740991' },
        cloudEvents_type: true,
        cloudEvents_partitionkey: null,
        cloudEvents_id: ['a'],
        cloudEvents___proto__: 'polluted',
        cloudEvents_: 'no name',
        'x-delivery-count': 'many',
      },
    },
  ],
  [Buffer.from('no JSON'), { contentType: 'application/cloudevents+json' }],
];

describe.skipIf(served === undefined)('a consumer on RabbitMQ', () => {
  test('keeps what is no message, and handles what is', async ({ database }) => {
    const exchange = exchangeName();
    onTestFinished(() => removeExchange(url, exchange));
    const transport = rabbitmq({ url, exchange, consumers: ['billing'] });
    await publish(transport, []);
    await onChannel(url, async (channel) => {
      for (const [body, properties] of rubbish) channel.publish(exchange, '7', body, properties);
      await channel.checkExchange(exchange); // they have arrived
    });
    const amounts: number[] = [];
    await using consumer = createConsumer({
      name: 'billing',
      transport,
      sources: ['/shop'],
      messages: [orderMessages],
      database: { connectionString: database.connectionString },
      onIncident: () => {},
      on: { 'orders.placed': async ({ data }) => amounts.push(data.amount) },
    });
    await consumer.start();
    await publish(transport, [orderOf(1), orderOf(2)]);
    await until(() => amounts.length === 2);
    await until(async () => (await consumer.status()).unplaced === rubbish.length);
    const unplaced = await consumer.parked.unplaced();
    expect(unplaced.map(({ body }) => Buffer.from(body))).toEqual(rubbish.map(([body]) => body));
    expect(unplaced[3]?.attributes).toEqual({
      specversion: '1',
      source: 'AQID',
      time: '2026-01-02T03:04:05.000Z',
      sequence: '9007199254740991',
      type: 'true',
      ['__proto__']: 'polluted',
    });
    expect(amounts).toEqual([1, 2]);
  });
});
