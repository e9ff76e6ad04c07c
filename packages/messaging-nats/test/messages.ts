import type { Delivery, OutgoingMessage, Receiver, Transport } from '@leftfold/messaging';

export const never: AbortSignal = new AbortController().signal;

/** A message of a key. Its body is its number. */
export function messageOf(key: string, number: number): OutgoingMessage {
  const id = `${key}-${number}`;
  const sequence = String(number).padStart(16, '0');
  return {
    id,
    key,
    sequence,
    attributes: { specversion: '1.0', id, source: '/tests', sequence, partitionkey: key, lineage: 'first' },
    body: new TextEncoder().encode(String(number)),
    contentType: 'application/json',
  };
}

/** Messages with the numbers 1 to `count`, dealt out to `keys` keys. */
export function messagesOf(count: number, keys: number): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => messageOf(`key ${index % keys}`, index + 1));
}

/** The ids of a key, in the order given; of all keys, if none is given. */
export function idsOf(messages: readonly Pick<OutgoingMessage, 'attributes'>[], key?: string) {
  const ofKey = messages.filter(({ attributes }) => key === undefined || attributes['partitionkey'] === key);
  return ofKey.map(({ attributes }) => attributes['id']);
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

export interface Receiving extends AsyncDisposable {
  readonly receiver: Receiver;
  readonly deliveries: readonly Delivery[];
  readonly lost: readonly Error[];
}

export async function receive(
  transport: Transport,
  { consumer = 'billing', acknowledge = true } = {},
): Promise<Receiving> {
  const deliveries: Delivery[] = [];
  const lost: Error[] = [];
  const receiver = await transport.openReceiver({
    consumer,
    prefetch: 100,
    onDelivery: (delivery) => {
      deliveries.push(delivery);
      if (acknowledge) delivery.acknowledge();
    },
    onLost: (error) => lost.push(error),
  });
  return { receiver, deliveries, lost, [Symbol.asyncDispose]: () => receiver.close() };
}
