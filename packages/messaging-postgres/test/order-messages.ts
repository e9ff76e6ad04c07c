import { defineEvents, type RecordedEvent } from '@leftfold/core';
import {
  type Consumer,
  type ConsumerOptions,
  createConsumer,
  type MessageContext,
  type OutgoingMessage,
  toCloudEvent,
} from '@leftfold/messaging';
import type { Pool } from 'pg';
import { z } from 'zod';
import { postgresQueue } from '../src/index.ts';

const orderMessages = defineEvents('orders', { placed: z.object({ amount: z.int() }) });

/** Where a message is: its position is its amount. */
export interface MessagePlace {
  readonly key: string;
  /** The position of the message before it with its key. */
  readonly previous?: number | undefined;
}

export function messageAt(position: number, { key, previous }: MessagePlace): OutgoingMessage {
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
  const published = { type: 'orders.placed', schemaVersion: 1, data: { amount: position } };
  const before = previous === undefined ? undefined : String(previous).padStart(16, '0');
  const origin = { event, source: '/shop/orders', key, previous: before, lineage: 'first' };
  return toCloudEvent(published, origin, position % 2 === 0 ? 'binary' : 'structured');
}

/** The table that {@link createShipping} writes to: an effect that happens twice is a unique violation. */
export const createEffects = (pool: Pool) =>
  pool.query(`create table effects (
    place bigint generated always as identity, key text, amount integer, primary key (key, amount))`);

/** A consumer of the queue `orders`, in a database that is also that of the queue. */
export function createShipping(
  url: string,
  onPlaced: (amount: number, context: MessageContext) => Promise<void>,
  options: Partial<Pick<ConsumerOptions, 'prefetch' | 'concurrency' | 'retry' | 'onIncident'>> = {},
): Consumer {
  return createConsumer({
    name: 'shipping',
    transport: postgresQueue({ url, queue: 'orders', invisibleMs: 1_000 }),
    sources: ['/shop/orders'],
    messages: [orderMessages],
    database: { connectionString: url },
    on: {
      'orders.placed': async ({ key, data: { amount } }, context) => {
        await context.tx
          .withTables<{ effects: { key: string; amount: number } }>()
          .insertInto('effects')
          .values({ key, amount })
          .execute();
        await onPlaced(amount, context);
      },
    },
    ...options,
  });
}
