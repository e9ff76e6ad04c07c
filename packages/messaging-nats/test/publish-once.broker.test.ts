import { once } from 'node:events';
import type { OutgoingMessage, Transport } from '@leftfold/messaging';
import { findProgram } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { type NatsCluster, startNats } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import type { JetStreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jetstream } from '../src/index.ts';
import { idsOf, messageOf, messagesOf, never, publish, receive } from './messages.ts';
import { readStream, withManager } from './streams.ts';

const program = findProgram('nats-server');

/**
 * Publishes batch by batch, each until the stream has it, as a relay does.
 *
 * @param faults what happens meanwhile from the message of that index on, one after another
 * @returns how many times a batch failed
 */
async function publishAll(
  transport: Transport,
  messages: readonly OutgoingMessage[],
  batch: number,
  faults: Readonly<Record<number, () => Promise<void>>>,
) {
  let failures = 0;
  let fault: Promise<void> | undefined;
  for (let from = 0; from < messages.length; from += batch) {
    const next = faults[from];
    if (next !== undefined) {
      await fault;
      fault = next();
    }
    await until(
      async () => {
        try {
          const outcomes = await publish(transport, messages.slice(from, from + batch));
          expect(outcomes.every((outcome) => outcome === undefined)).toBe(true);
          return true;
        } catch (error) {
          expect(error).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
          failures += 1;
          return false;
        }
      },
      { timeoutMs: 60_000, message: `the batch at ${from}` },
    );
  }
  await fault;
  return failures;
}

/** Receives until it is ended, by one receiver after another. @returns the ids, and ends it */
function receiveAlways(transport: Transport) {
  const ids = new Set<string | undefined>();
  const ended = new AbortController();
  const receiveUntilLost = async () => {
    const lost = new AbortController();
    const over = once(AbortSignal.any([lost.signal, ended.signal]), 'abort');
    const receiver = await transport.openReceiver({
      consumer: 'billing',
      prefetch: 100,
      onDelivery: (delivery) => {
        ids.add(delivery.attributes['id']);
        delivery.acknowledge();
      },
      onLost: () => lost.abort(),
    });
    await over;
    await receiver.close();
  };
  const running = until(
    async () => {
      if (!ended.signal.aborted) await receiveUntilLost().catch(() => {});
      return ended.signal.aborted;
    },
    { timeoutMs: 240_000 },
  );
  const end = async () => {
    ended.abort();
    await running;
  };
  return { ids, end };
}

/** Waits until the servers that do not lead a stream have what it has. */
function untilReplicated({ servers }: NatsCluster, stream: string) {
  const isReplicated = async (manager: JetStreamManager) => {
    const { cluster } = await manager.streams.info(stream);
    const current = cluster?.replicas?.filter((replica) => replica.current && replica.offline !== true);
    return current?.length === servers.length - 1;
  };
  return until(() => withManager(servers, isReplicated).catch(() => false), { timeoutMs: 60_000 });
}

function expectOnceInOrder(
  stored: readonly Pick<OutgoingMessage, 'attributes'>[],
  messages: readonly OutgoingMessage[],
) {
  expect(stored.length).toBe(messages.length);
  for (const key of new Set(messages.map((message) => message.key)))
    expect(idsOf(stored, key)).toEqual(idsOf(messages, key));
}

describe.skipIf(program === undefined)('a server', () => {
  let nats: NatsCluster;
  beforeAll(async () => {
    nats = await startNats(program!);
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  test('has what is published again once, after the window of its own memory too', async () => {
    guarantee('jetstream-stores-once');
    const windowMs = 100;
    const stream = 'again';
    const transport = jetstream({ servers: nats.servers, stream });
    await (await transport.openPublisher()).close();
    await withManager(nats.servers, (manager) =>
      manager.streams.update(stream, { duplicate_window: nanos(windowMs) }),
    );
    const messages = messagesOf(200, 7);
    await publish(transport, messages);
    const publishedAt = performance.now();
    await until(() => performance.now() > publishedAt + 2 * windowMs);
    // In another order of keys, and from the middle: as after a rewind.
    expect(await publish(transport, messages.slice(100))).toEqual(Array(100).fill(undefined));
    await nats.nodes[0]!.kill();
    await nats.nodes[0]!.start();
    await nats.whenReady();
    expect(await publish(transport, messages)).toEqual(Array(200).fill(undefined));
    expectOnceInOrder(await readStream(nats.servers, stream), messages);
  });

  test('has the messages of a key that waited, although later ones of others are there', async () => {
    guarantee('jetstream-stores-once');
    const transport = jetstream({ servers: nats.servers, stream: 'waited' });
    await publish(transport, [messageOf('a', 1), messageOf('b', 4)]);
    await publish(transport, [messageOf('a', 2), messageOf('a', 3)]);
    expect(idsOf(await readStream(nats.servers, 'waited'))).toEqual(['a-1', 'b-4', 'a-2', 'a-3']);
  });

  test('has a message again that it has lost, and that of a log that went back', async () => {
    const stream = 'lost';
    const transport = jetstream({ servers: nats.servers, stream });
    const messages = messagesOf(20, 2);
    await publish(transport, messages);
    await withManager(nats.servers, (manager) => manager.streams.purge(stream, { seq: 15 }));
    await publish(transport, messages);
    const stored = idsOf(await readStream(nats.servers, stream));
    expect(stored.length).toBe(20);
    expect(new Set(stored)).toEqual(new Set(idsOf(messages)));
    const [first] = messages;
    const another = { ...first!, attributes: { ...first!.attributes, lineage: 'second' } };
    await publish(transport, [another]);
    expect((await readStream(nats.servers, stream)).length).toBe(21);
  });

  test('loses nothing when it is killed and started again between publishing and receiving', async () => {
    guarantee('jetstream-stores-once');
    const stream = 'killed';
    const transport = jetstream({ servers: nats.servers, stream, consumers: ['billing'], ackWaitMs: 2_000 });
    const messages = messagesOf(2_000, 20);
    const restart = async () => {
      await nats.nodes[0]!.kill();
      await nats.nodes[0]!.start();
    };
    expect(await publishAll(transport, messages, 100, { 500: restart })).toBeGreaterThan(0);
    expectOnceInOrder(await readStream(nats.servers, stream), messages);
    await using first = await receive(transport);
    await until(() => first.deliveries.length > 500);
    await nats.nodes[0]!.kill();
    await until(() => first.lost.length === 1);
    expect(first.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await nats.nodes[0]!.start();
    await nats.whenReady();
    await using second = await receive(transport);
    const ids = () => new Set([...idsOf(first.deliveries), ...idsOf(second.deliveries)]);
    await until(() => ids().size === 2_000);
  });
});

describe.skipIf(program === undefined)('three servers', () => {
  let nats: NatsCluster;
  beforeAll(async () => {
    nats = await startNats(program!, { nodes: 3 });
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  test('have each message once when publishers publish the same ones at one time', async () => {
    guarantee('jetstream-stores-once');
    const options = { stream: 'raced', replicas: 3, answerMs: 20_000 };
    await (await jetstream({ ...options, servers: nats.servers }).openPublisher()).close();
    const publishers = await Promise.all(
      nats.servers.map((servers) => jetstream({ ...options, servers }).openPublisher()),
    );
    const messages = messagesOf(1_500, 30);
    const outcomes = await Promise.all(publishers.map((publisher) => publisher.publish(messages, never)));
    expect(outcomes.flat().every((outcome) => outcome === undefined)).toBe(true);
    await Promise.all(publishers.map((publisher) => publisher.close()));
    expectOnceInOrder(await readStream(nats.servers, 'raced'), messages);
  });

  test('have each message once, in the order of its key, when their leader is killed', {
    timeout: 240_000,
  }, async () => {
    guarantee('jetstream-stores-once');
    const stream = 'led';
    const options = { servers: nats.servers, stream, replicas: 3, answerMs: 1_000 };
    const transport = jetstream(options);
    const receiving = receiveAlways(jetstream({ ...options, ackWaitMs: 2_000 }));
    const messages = messagesOf(6_000, 20);
    const killed: string[] = [];
    const killLeader = async () => {
      const leader = await nats.leaderOf(stream);
      await leader.kill();
      killed.push(leader.name);
      await nats.leaderOf(stream);
      await leader.start();
      await untilReplicated(nats, stream);
    };
    const faults = { 1_000: killLeader, 3_000: killLeader };
    expect(await publishAll(transport, messages, 50, faults)).toBeGreaterThan(0);
    expect(killed.length).toBe(2);
    await until(() => receiving.ids.size === messages.length, { timeoutMs: 60_000 });
    await receiving.end();
    const read = () => readStream(nats.servers, stream).catch(() => undefined);
    expectOnceInOrder(await until(read, { timeoutMs: 60_000 }), messages);
    // Each of them has the same.
    await (await nats.leaderOf(stream)).kill();
    await nats.leaderOf(stream);
    expectOnceInOrder(await until(read, { timeoutMs: 60_000 }), messages);
  });
});
