import { setTimeout as delay } from 'node:timers/promises';
import type { Delivery, Transport } from '@leftfold/messaging';
import { findProgram, TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { type NatsCluster, startNats } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jetstream } from '../src/index.ts';
import { idsOf, messagesOf, publish } from './messages.ts';

const program = findProgram('nats-server');

/** Sees all receivers of a consumer at once. */
class Observer {
  /** In the order in which they came, without what came again. */
  readonly first: Delivery[] = [];
  /** Keys of which two receivers had messages at one time. */
  readonly shared: string[] = [];
  readonly #seen = new Set<string | undefined>();
  readonly #holders = new Map<string, Map<number, number>>();
  #receivers = 0;

  /** A receiver that acknowledges what it gets a little later. */
  async receive(transport: Transport) {
    this.#receivers += 1;
    const receiver = this.#receivers;
    const got: Delivery[] = [];
    const opened = await transport.openReceiver({
      consumer: 'billing',
      prefetch: 20,
      onDelivery: (delivery) => {
        got.push(delivery);
        this.#begin(receiver, delivery);
        void delay(Math.random() * 10).then(() => {
          this.#count(receiver, delivery, -1);
          delivery.acknowledge();
        });
      },
      onLost: () => this.#forget(receiver),
    });
    const close = async () => {
      await opened.close();
      this.#forget(receiver);
    };
    return { got, close, [Symbol.asyncDispose]: close };
  }

  #begin(receiver: number, delivery: Delivery): void {
    const { id, partitionkey: key = '' } = delivery.attributes;
    if (!this.#seen.has(id)) this.first.push(delivery);
    this.#seen.add(id);
    for (const [other, count] of this.#holders.get(key) ?? [])
      if (other !== receiver && count > 0) this.shared.push(key);
    this.#count(receiver, delivery, 1);
  }

  #count(receiver: number, { attributes: { partitionkey: key = '' } }: Delivery, change: number): void {
    const holders = this.#holders.get(key) ?? new Map<number, number>();
    this.#holders.set(key, holders);
    holders.set(receiver, (holders.get(receiver) ?? 0) + change);
  }

  #forget(receiver: number): void {
    for (const holders of this.#holders.values()) holders.delete(receiver);
  }
}

describe.skipIf(program === undefined)('receivers of one consumer', () => {
  let nats: NatsCluster;
  let servers: string;
  beforeAll(async () => {
    nats = await startNats(program!);
    [servers] = nats.servers as [string];
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  test('share the keys, and a key is at one of them at a time, also while some come and leave', async () => {
    guarantee('jetstream-keeps-messages');
    const transport = jetstream({ servers, stream: 'shared', consumers: ['billing'] });
    const messages = messagesOf(3_000, 40);
    const observer = new Observer();
    await using first = await observer.receive(transport);
    await publish(transport, messages.slice(0, 500));
    await using second = await observer.receive(transport);
    await using third = await observer.receive(transport);
    await publish(transport, messages.slice(500, 1_500));
    await until(() => third.got.length > 0 && second.got.length > 0);
    await using fourth = await observer.receive(transport);
    await publish(transport, messages.slice(1_500, 2_500));
    await until(() => fourth.got.length > 0);
    await first.close();
    await publish(transport, messages.slice(2_500));
    await until(() => observer.first.length === 3_000, { timeoutMs: 25_000 });
    expect(observer.shared).toEqual([]);
    for (const key of new Set(messages.map((message) => message.key)))
      expect(idsOf(observer.first, key)).toEqual(idsOf(messages, key));
  });

  test('get the keys of one whose connection went silent', async () => {
    guarantee('jetstream-keeps-messages');
    await using network = await TcpProxy.start(servers);
    const options = { stream: 'silent', consumers: ['billing'], ackWaitMs: 2_000 };
    const there = jetstream({ ...options, servers });
    const observer = new Observer();
    await using first = await observer.receive(jetstream({ ...options, servers: network.connectionString }));
    await using _second = await observer.receive(there);
    const messages = messagesOf(2_000, 40);
    await publish(there, messages.slice(0, 1_000));
    await until(() => observer.first.length === 1_000);
    expect(first.got.length).toBeGreaterThan(0);
    // Its requests are open: the server sends it messages that never arrive.
    network.vanish();
    await publish(there, messages.slice(1_000));
    await until(() => observer.first.length === 2_000, { timeoutMs: 25_000 });
    expect(new Set(idsOf(observer.first))).toEqual(new Set(idsOf(messages)));
  });

  test('ignore what no receiver has told', async () => {
    const transport = jetstream({ servers, stream: 'told', consumers: ['billing'] });
    const observer = new Observer();
    await using receiving = await observer.receive(transport);
    const client = await connect({ servers });
    for (const told of ['', 'no JSON', 'null', '{}', '{"id":1,"holds":[],"left":false}'])
      client.publish('told.receivers.billing', told);
    await client.flush();
    await client.close();
    await publish(transport, messagesOf(40, 40));
    await until(() => receiving.got.length === 40);
  });
});
