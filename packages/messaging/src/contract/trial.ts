import assert from 'node:assert/strict';
import { uuidv7 } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import type {
  Delivery,
  OutgoingMessage,
  Publisher,
  PublishOutcome,
  Receiver,
  Transport,
} from '../transport/transport.ts';
import type { TransportSubject } from './subject.ts';

/** Tests one guarantee, and throws when it does not hold. */
export type Guarantee = (trial: Trial) => Promise<void>;

const WAIT_MS = 30_000;

/** A topic of one test, and what the test has opened on it. */
export class Trial {
  readonly subject: TransportSubject;
  readonly #topic = `trial-${uuidv7(Date.now()).slice(-12)}`;
  readonly #opened: (Publisher | Receiver)[] = [];

  constructor(subject: TransportSubject) {
    this.subject = subject;
  }

  /** The topic with one consumer, `billing`, unless others are named. */
  transport(consumers: readonly string[] = ['billing']): Transport {
    return this.subject.createTransport({ topic: this.#topic, consumers });
  }

  async publisher(transport: Transport = this.transport()): Promise<Publisher> {
    const publisher = await transport.openPublisher();
    this.#opened.push(publisher);
    return publisher;
  }

  /** Publishes by a publisher of its own. */
  async publish(
    messages: readonly OutgoingMessage[],
    transport?: Transport,
  ): Promise<readonly PublishOutcome[]> {
    const publisher = await this.publisher(transport);
    return publisher.publish(messages, never);
  }

  async receive(options: ReceivingOptions = {}): Promise<Receiving> {
    const {
      consumer = 'billing',
      prefetch = 100,
      acknowledge = true,
      transport = this.transport(),
    } = options;
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
    this.#opened.push(receiver);
    return { deliveries, lost, close: () => receiver.close() };
  }

  /** Closes what the test has opened, and removes its topic. */
  async close(): Promise<void> {
    for (const opened of this.#opened) await opened.close();
    await this.subject.removeTopic?.(this.#topic);
  }
}

export interface ReceivingOptions {
  readonly consumer?: string;
  readonly prefetch?: number;
  readonly acknowledge?: boolean;
  readonly transport?: Transport;
}

/** A receiver, and what it has received. */
export interface Receiving {
  readonly deliveries: readonly Delivery[];
  readonly lost: readonly Error[];
  readonly close: () => Promise<void>;
}

export const never: AbortSignal = new AbortController().signal;

/** A message of a key. Its body is its number. */
export function messageOf(
  key: string,
  number: number,
  parts: Partial<OutgoingMessage> = {},
): OutgoingMessage {
  const id = `${key}-${number}`;
  const sequence = String(number).padStart(16, '0');
  return {
    id,
    key,
    sequence,
    attributes: {
      specversion: '1.0',
      id,
      source: '/contract',
      type: 'contract.tried',
      sequence,
      partitionkey: key,
    },
    body: new TextEncoder().encode(String(number)),
    contentType: 'application/json',
    ...parts,
  };
}

/** Messages with the numbers 1 to `count`, dealt out to `keys` keys. */
export function messagesOf(count: number, keys: number): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => messageOf(`key ${index % keys}`, index + 1));
}

/** The ids of what was delivered; of a key only, if one is given. */
export function idsOf(deliveries: readonly Delivery[], key?: string): readonly (string | undefined)[] {
  return deliveries
    .filter(({ attributes }) => key === undefined || attributes['partitionkey'] === key)
    .map(({ attributes }) => attributes['id']);
}

/** What was delivered, without what came again. */
export function firstOf(deliveries: readonly Delivery[]): readonly Delivery[] {
  const seen = new Map<string | undefined, Delivery>();
  for (const delivery of deliveries) {
    const { id } = delivery.attributes;
    if (!seen.has(id)) seen.set(id, delivery);
  }
  return [...seen.values()];
}

/** Asserts that an error has properties. */
export function assertHas(error: unknown, properties: Readonly<Record<string, unknown>>): void {
  assert.ok(typeof error === 'object' && error !== null);
  for (const [name, value] of Object.entries(properties)) assert.deepEqual(Reflect.get(error, name), value);
}

/** Waits until `holds` does not throw. */
export async function until(holds: () => void): Promise<void> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    try {
      return holds();
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(10);
    }
  }
}
