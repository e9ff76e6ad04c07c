import { randomUUID } from 'node:crypto';
import type { Delivery, OutgoingMessage, Receiver, Transport } from '@leftfold/messaging';
import { type Channel, type ChannelModel, connect } from 'amqplib';

/** Consumers that the tests name. */
const CONSUMERS = ['billing', 'stock'];

export const never: AbortSignal = new AbortController().signal;

/** The name of an exchange that no other test has. */
export const exchangeName = (): string => `test-${randomUUID().slice(0, 12)}`;

/** Does something on a channel of a foreign client. */
export async function onChannel<TResult>(
  url: string,
  work: (channel: Channel, connection: ChannelModel) => Promise<TResult>,
): Promise<TResult> {
  const connection = await connect(url);
  connection.on('error', () => {});
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    return await work(channel, connection);
  } finally {
    await connection.close().catch(() => {}); // it may be lost
  }
}

/** Deletes the exchanges and queues of a transport that the tests have declared. */
export async function removeExchange(url: string, exchange: string): Promise<void> {
  await onChannel(url, async (channel) => {
    for (const consumer of CONSUMERS) {
      for (let index = 0; index < 8; index += 1)
        await channel.deleteQueue(`${exchange}/${consumer}/${index}`);
      await channel.deleteQueue(`${exchange}/${consumer}/receivers`);
      await channel.deleteExchange(`${exchange}/${consumer}`);
    }
    await channel.deleteQueue(`${exchange}/check`);
    await channel.deleteExchange(exchange);
  });
}

/** A message of a key, which a consumer would refuse: only the transport is tried. */
export function messageOf(
  key: string,
  number: number,
  parts: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  const id = `${key}-${number}`;
  return {
    id,
    key,
    sequence: String(number).padStart(16, '0'),
    attributes: { id, partitionkey: key, time: '2026-01-02T03:04:05.678Z' },
    body: new TextEncoder().encode(String(number)),
    contentType: 'application/json',
    ...parts,
  };
}

/** Messages with the numbers from `first`, dealt out to 16 keys. */
export function messagesOf(count: number, first = 1): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => messageOf(`k${(first + index) % 16}`, first + index));
}

/** Publishes by a publisher of its own. */
export async function publish(transport: Transport, messages: readonly OutgoingMessage[]) {
  const publisher = await transport.openPublisher();
  try {
    return await publisher.publish(messages, never);
  } finally {
    await publisher.close();
  }
}

/** A receiver, and what it has received. */
export interface Receiving extends AsyncDisposable {
  readonly deliveries: Delivery[];
  readonly lost: Error[];
  readonly receiver: Receiver;
}

export async function receive(
  transport: Transport,
  { acknowledge = true, prefetch = 100 } = {},
): Promise<Receiving> {
  const deliveries: Delivery[] = [];
  const lost: Error[] = [];
  const receiver = await transport.openReceiver({
    consumer: 'billing',
    prefetch,
    onDelivery: (delivery) => {
      deliveries.push(delivery);
      if (acknowledge) delivery.acknowledge();
    },
    onLost: (error) => lost.push(error),
  });
  return { deliveries, lost, receiver, [Symbol.asyncDispose]: () => receiver.close() };
}

/** The ids of what was delivered; of a key only, if one is given. */
export function idsOf(deliveries: readonly Delivery[], key?: string): readonly (string | undefined)[] {
  return deliveries
    .filter(({ attributes }) => key === undefined || attributes['partitionkey'] === key)
    .map(({ attributes }) => attributes['id']);
}

/** The ids of a key in the order of their first delivery. */
export function firstIdsOf(deliveries: readonly Delivery[], key: string): readonly (string | undefined)[] {
  return [...new Set(idsOf(deliveries, key))];
}
