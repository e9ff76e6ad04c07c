import { randomUUID } from 'node:crypto';
import type { Delivery, OutgoingMessage, PublishOutcome, Receiver, Transport } from '@leftfold/messaging';
import { serviceUrl } from '@leftfold/testbed/services';
import { Redis } from 'ioredis';
import { test as base } from 'vitest';
import { redisStreams, type RedisStreamsOptions } from '../src/index.ts';
import { removeStream } from './remove-stream.ts';

export const redisUrl: string | undefined = serviceUrl('REDIS_URL');

export const never: AbortSignal = new AbortController().signal;

/** A stream of the test alone on the server that tests may use, with a plain client of that server. */
export const test = base
  .extend('url', () => redisUrl!)
  .extend('stream', async ({ url }, { onCleanup }) => {
    const name = `test-${randomUUID()}`;
    onCleanup(() => removeStream(url, name));
    return name;
  })
  .extend('redis', ({ url }, { onCleanup }) => {
    const redis = new Redis(url);
    onCleanup(() => redis.disconnect());
    return redis;
  })
  .extend(
    'transport',
    ({ url, stream }) =>
      (options: Partial<RedisStreamsOptions> = {}) =>
        redisStreams({ url, stream, consumers: ['billing'], ...options }),
  );

/** Publishes by a publisher of its own. */
export async function publish(
  transport: Transport,
  messages: readonly OutgoingMessage[],
): Promise<readonly PublishOutcome[]> {
  const publisher = await transport.openPublisher();
  try {
    return await publisher.publish(messages, never);
  } finally {
    await publisher.close();
  }
}

/** A receiver, and what it has received. */
export interface Receiving extends AsyncDisposable {
  readonly deliveries: readonly Delivery[];
  readonly ids: (key?: string) => readonly (string | undefined)[];
  readonly lost: readonly Error[];
  readonly receiver: Receiver;
}

export async function receive(
  transport: Transport,
  { consumer = 'billing', prefetch = 100, acknowledge = true } = {},
): Promise<Receiving> {
  const deliveries: Delivery[] = [];
  const lost: Error[] = [];
  const receiver = await transport.openReceiver({
    consumer,
    prefetch,
    onDelivery: (delivery) => {
      deliveries.push(delivery);
      if (acknowledge) delivery.acknowledge();
    },
    onLost: (error) => lost.push(error),
  });
  const ids = (key?: string) =>
    deliveries
      .filter(({ attributes }) => key === undefined || attributes['partitionkey'] === key)
      .map(({ attributes }) => attributes['id']);
  return { deliveries, ids, lost, receiver, [Symbol.asyncDispose]: () => receiver.close() };
}
