import { findProgram } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { type NatsOptions, startNats } from '@leftfold/testbed/services';
import { AckPolicy, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { jetstream } from '../src/index.ts';
import { messageOf, messagesOf, publish, receive } from './messages.ts';
import { withManager } from './streams.ts';

const program = findProgram('nats-server');

test('a server that is not there is named, without the login', async () => {
  const error = await failureOf(
    jetstream({ servers: 'nats://me:s3cret@127.0.0.1:1', stream: 'orders' }).openPublisher(),
  );
  expect(error).toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringContaining('no connection to 127.0.0.1:1 could be opened'),
  });
  expect(JSON.stringify([String(error), error])).not.toContain('s3cret');
});

describe.skipIf(program === undefined)('a server that refuses', () => {
  const start = async (options: NatsOptions = {}) => {
    const nats = await startNats(program!, options);
    const [servers] = nats.servers as [string];
    return { servers, [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose]() };
  };

  test('a login: it is refused, and no password is told', async () => {
    await using server = await start({
      settings: [
        `authorization { users: [
          { user: relay, password: "s3cr:t@7" },
          { user: reader, password: other, permissions: { publish: ["_INBOX.>"], subscribe: [">"] } } ] }`,
      ],
    });
    const as = (login: string) =>
      jetstream({ servers: server.servers.replace('//', `//${login}@`), stream: 'orders', answerMs: 1_000 });
    const error = await failureOf(as('relay:wr0ngpassword').openPublisher());
    expect(error).toMatchObject({ code: 'TRANSPORT_REFUSED', transport: 'nats stream "orders"' });
    expect(JSON.stringify([String(error), error])).not.toContain('wr0ng');
    expect(await failureOf(as('reader:other').openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('permission'),
    });
    const right = as(`relay:${encodeURIComponent('s3cr:t@7')}`);
    expect(await publish(right, messagesOf(3, 1))).toEqual([undefined, undefined, undefined]);
  });

  test('streams, since it has no JetStream: it is refused, with what to do', async () => {
    await using server = await start({ jetstream: false });
    const error = await failureOf(jetstream({ servers: server.servers, stream: 'orders' }).openPublisher());
    expect(error).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('JetStream is not enabled'),
    });
  });

  test('replicas, since it is alone', async () => {
    await using server = await start();
    const transport = jetstream({ servers: server.servers, stream: 'orders', replicas: 3 });
    expect(await failureOf(transport.openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('the server is alone'),
    });
  });

  test('a message that is too large, and those after it with its key only', async () => {
    await using server = await start({ settings: ['max_payload: 4096'] });
    const transport = jetstream({ servers: server.servers, stream: 'orders', consumers: ['billing'] });
    const large = (bytes: number) => ({ ...messageOf('b', 2), body: new Uint8Array(bytes) });
    const messages = [messageOf('a', 1), large(4_000), messageOf('b', 3), messageOf('c', 4)];
    const outcomes = await publish(transport, messages);
    expect(outcomes.map((outcome) => outcome?.message)).toEqual([
      undefined,
      expect.stringContaining('4096 bytes'),
      expect.stringContaining('one before it'),
      undefined,
    ]);
    expect(outcomes[1]).toMatchObject({ code: 'MESSAGE_REFUSED', messageId: 'b-2' });
    // As large as it can be: the server counts the headers.
    let bytes = 4_096;
    while ((await publish(transport, [large(bytes)]))[0] !== undefined) bytes -= 1;
    expect(bytes).toBeGreaterThan(3_500);
    await using receiving = await receive(transport);
    await expect.poll(() => receiving.deliveries.length).toBe(3);
  });

  test('a stream or a consumer that is declared otherwise: what differs is named', async () => {
    await using server = await start();
    const { servers } = server;
    const stream = { stream: 'orders', servers };
    await (await jetstream({ ...stream, consumers: ['billing'] }).openPublisher()).close();
    const given = await withManager(
      servers,
      async (manager) => (await manager.streams.info('orders')).config,
    );
    const others: readonly Partial<StreamConfig>[] = [
      { max_age: nanos(600_000) },
      { discard_new_per_subject: false },
      { max_msgs_per_subject: 5 },
      { subjects: ['others.*'] },
      { retention: 'workqueue' },
      { storage: 'memory' },
    ];
    for (const [place, other] of others.entries()) {
      const name = `orders-${place}`;
      const subjects = given.subjects.map((subject) => subject.replace('orders', name));
      await withManager(servers, (manager) => manager.streams.add({ ...given, subjects, ...other, name }));
      expect(await failureOf(jetstream({ servers, stream: name }).openPublisher())).toMatchObject({
        code: 'TRANSPORT_REFUSED',
        message: expect.stringContaining(`${Object.keys(other)[0]} is `),
      });
    }
    await withManager(servers, (manager) =>
      manager.consumers.add('orders', { durable_name: 'stock-0', ack_policy: AckPolicy.None }),
    );
    expect(await failureOf(jetstream({ ...stream, consumers: ['stock'] }).openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('"stock-0" is declared otherwise: ack_policy is "none"'),
    });
  });

  test('subjects that another stream has', async () => {
    await using server = await start();
    const { servers } = server;
    await (await jetstream({ servers, stream: 'orders' }).openPublisher()).close();
    const other = jetstream({ servers, stream: 'others', subject: 'orders' });
    expect(await failureOf(other.openPublisher())).toMatchObject({
      code: 'TRANSPORT_REFUSED',
      message: expect.stringContaining('another stream has them'),
    });
  });
});
