import type { Delivery } from '@leftfold/messaging';
import { connect as connectSocket } from 'node:net';
import { findProgram, TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { type NatsCluster, startNats } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jetstream } from '../src/index.ts';
import { JetStreamConnection } from '../src/jetstream-connection.ts';
import { jetstreamSettings } from '../src/jetstream-options.ts';
import { trimStream } from '../src/trim-stream.ts';
import { idsOf, messagesOf, publish, receive } from './messages.ts';
import { readStream, withManager } from './streams.ts';

const program = findProgram('nats-server');

describe.skipIf(program === undefined)('a receiver', () => {
  let nats: NatsCluster;
  let servers: string;
  beforeAll(async () => {
    nats = await startNats(program!);
    [servers] = nats.servers as [string];
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  test('keeps what it has not acknowledged for as long as it lives', async () => {
    guarantee('jetstream-keeps-messages');
    const transport = jetstream({ servers, stream: 'kept', consumers: ['billing'], ackWaitMs: 2_000 });
    const messages = messagesOf(10, 3);
    await publish(transport, messages);
    await using first = await receive(transport, { acknowledge: false });
    await until(() => first.deliveries.length === 10);
    await using second = await receive(transport);
    const began = performance.now();
    await until(() => performance.now() > began + 5_000);
    expect(idsOf(second.deliveries)).toEqual([]);
    expect(first.deliveries.length).toBe(10);
  });

  test('whose connection went silent is told so, and another one gets its messages', {
    timeout: 60_000,
  }, async () => {
    guarantee('jetstream-keeps-messages');
    await using network = await TcpProxy.start(servers);
    const options = { stream: 'vanished', consumers: ['billing'], ackWaitMs: 2_000, answerMs: 1_000 };
    const here = jetstream({ ...options, servers: network.connectionString });
    const there = jetstream({ ...options, servers });
    const messages = messagesOf(30, 3);
    await publish(there, messages);
    await using first = await receive(here, { acknowledge: false });
    await until(() => first.deliveries.length === 30);
    const publisher = await here.openPublisher();
    const end = network.vanish();
    const publishing = publisher.publish(messages, new AbortController().signal);
    await expect(publishing).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await publisher.close();
    await using second = await receive(there);
    await until(() => second.deliveries.length === 30, { timeoutMs: 20_000 });
    expect(new Set(idsOf(second.deliveries))).toEqual(new Set(idsOf(messages)));
    expect(second.deliveries.every(({ redelivered }) => redelivered)).toBe(true);
    await until(() => first.lost.length === 1, { timeoutMs: 30_000 });
    expect(first.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    first.deliveries[0]!.acknowledge(); // too late, and no error
    expect(end()).toBeGreaterThan(0);
  });

  test('is lost when its consumer or its stream is removed', async () => {
    const transport = jetstream({ servers, stream: 'removed' });
    for (const remove of ['consumer', 'stream']) {
      await using receiving = await receive(transport);
      await withManager(servers, (manager) =>
        remove === 'stream'
          ? manager.streams.delete('removed')
          : manager.consumers.delete('removed', 'billing-0'),
      );
      await until(() => receiving.lost.length === 1);
      expect(receiving.lost[0]).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    }
  });

  test('gets what another program has published, whatever it is', async () => {
    const transport = jetstream({ servers, stream: 'rubbish', consumers: ['billing'] });
    await using receiving = await receive(transport);
    const client = await connect({ servers });
    client.publish('rubbish.message.0.empty');
    client.publish('rubbish.message.1.text', 'no JSON');
    await client.flush();
    await client.close();
    const socket = connectSocket(Number(new URL(servers).port), '127.0.0.1');
    const headers = 'NATS/1.0\r\nno name: x\r\nCE-Type: %41%zz\r\nce-: y\r\n\r\n';
    socket.write(
      `CONNECT {"headers":true}\r\nHPUB rubbish.message.2.raw ${headers.length} ${headers.length + 2}\r\n`,
    );
    socket.write(`${headers}{}\r\n`);
    await until(() => receiving.deliveries.length === 3);
    socket.destroy();
    const bodyOf = ({ body }: Delivery) => new TextDecoder().decode(body);
    const [empty, text, raw] = receiving.deliveries.toSorted((one, other) =>
      bodyOf(one) < bodyOf(other) ? -1 : 1,
    );
    expect(empty).toMatchObject({ attributes: {}, contentType: undefined });
    expect(bodyOf(text!)).toBe('no JSON');
    expect(raw).toMatchObject({ attributes: {}, contentType: undefined });
    await publish(transport, messagesOf(1, 1));
    await until(() => receiving.deliveries.length === 4);
    expect(receiving.lost).toEqual([]);
  });

  test('keeps messages until all consumers have acknowledged them, and some longer', async () => {
    guarantee('jetstream-keeps-messages');
    const options = { servers, stream: 'trimmed', consumers: ['billing', 'stock'], keep: 10 };
    const transport = jetstream(options);
    const messages = messagesOf(50, 5);
    await publish(transport, messages);
    const trim = async () => {
      const connection = await JetStreamConnection.open(jetstreamSettings(options), 'trimmed');
      await trimStream(connection);
      await connection.close();
      return idsOf(await readStream(servers, 'trimmed'));
    };
    await using billing = await receive(transport);
    await until(() => billing.deliveries.length === 50);
    expect(await trim()).toHaveLength(50);
    await using stock = await receive(transport, { consumer: 'stock', acknowledge: false });
    await until(() => stock.deliveries.length === 50);
    const late = new Set(idsOf(messages.slice(30)));
    const isLate = ({ attributes: { id = '' } }: Delivery) => late.has(id);
    for (const delivery of stock.deliveries) if (!isLate(delivery)) delivery.acknowledge();
    await until(async () => (await trim()).length < 50);
    expect(await trim()).toEqual(expect.arrayContaining([...late]));
    for (const delivery of stock.deliveries) delivery.acknowledge();
    await until(async () => (await trim()).length === 10);
    expect(await publish(transport, messages.slice(40))).toEqual(Array(10).fill(undefined));
    expect(await trim()).toEqual(idsOf(messages.slice(40)));
  });
});
