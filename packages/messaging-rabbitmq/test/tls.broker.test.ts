import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { findProgram } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { freePort, makeCertificates, startRabbitmq } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, test } from 'vitest';
import { rabbitmq } from '../src/index.ts';
import { messagesOf, publish, receive } from './broker.ts';

const program = findProgram('rabbitmq-server');
const options = { exchange: 'orders', consumers: ['billing'], queues: 2 };

describe.skipIf(program === undefined)('a server with TLS', () => {
  test('takes and delivers messages, by an authority that is given', { timeout: 180_000 }, async () => {
    using certificates = makeCertificates();
    const { ca, caFile, certFile, keyFile } = certificates;
    const port = await freePort();
    await using _server = await startRabbitmq(program!, {
      settings: [
        `listeners.ssl.1 = 127.0.0.1:${port}`,
        `ssl_options.cacertfile = ${caFile}`,
        `ssl_options.certfile = ${certFile}`,
        `ssl_options.keyfile = ${keyFile}`,
        'ssl_options.verify = verify_none',
      ],
    });
    const url = `amqps://guest:guest@127.0.0.1:${port}`;
    const transport = rabbitmq({ ...options, url, tls: { ca } });
    expect(await publish(transport, messagesOf(20, 4))).toEqual(Array.from({ length: 20 }));
    const receiving = await receive(transport);
    await until(() => receiving.deliveries.length === 20);
    await receiving.receiver.close();
    const refused = { code: 'TRANSPORT_REFUSED', message: expect.stringContaining('`tls.ca`') };
    expect(await failureOf(rabbitmq({ ...options, url }).openPublisher())).toMatchObject(refused);
    const misnamed = rabbitmq({ ...options, url, tls: { ca, servername: 'rabbit.example' } });
    expect(await failureOf(misnamed.openPublisher())).toMatchObject(refused);
  });
});

test('a server that does not answer a connection with TLS is not waited for', async () => {
  const silent = createServer(() => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const transport = rabbitmq({ ...options, url: `amqps://127.0.0.1:${port}`, answerMs: 200 });
  expect(await failureOf(transport.openPublisher())).toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringContaining('it has not answered for 200 ms'),
  });
  silent.close();
});

test('options of TLS are those of a URL with TLS', () => {
  expect(() => rabbitmq({ ...options, url: 'amqp://127.0.0.1', tls: {} })).toThrow('amqps://');
  expect(() => rabbitmq({ ...options, url: 'amqps://a', tls: { caa: '' } as never })).toThrow('caa');
});
