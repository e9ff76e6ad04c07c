import { findProgram } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { freePort, makeCertificates, startRedis } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, test } from 'vitest';
import { redisStreams } from '../src/index.ts';
import { logOf } from './relay-messages.ts';
import { publish, receive } from './streams-test.ts';

const program = findProgram('redis-server');

describe.skipIf(program === undefined)('a server with TLS', () => {
  test('takes and delivers messages, by an authority that is given', async () => {
    using certificates = makeCertificates();
    const { ca, caFile, certFile, keyFile } = certificates;
    const port = await freePort();
    const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', certFile, '--tls-key-file', keyFile];
    const settings = ['--tls-port', String(port), '--tls-auth-clients', 'no', ...files];
    await using _server = await startRedis(program!, settings);
    const options = { stream: 'orders', consumers: ['billing'], leaseMs: 1_000 };
    for (const scheme of ['rediss', 'REDISS']) {
      for (const host of ['127.0.0.1', 'localhost']) {
        const url = `${scheme}://${host}:${port}`;
        const stream = `orders ${scheme} ${host}`;
        const transport = redisStreams({ ...options, stream, url, tls: { ca } });
        expect(await publish(transport, logOf(20, 4))).toEqual(Array.from({ length: 20 }));
        await using receiving = await receive(transport);
        await until(() => receiving.deliveries.length === 20);
      }
    }
    const untrusting = redisStreams({ ...options, url: `rediss://127.0.0.1:${port}` });
    const refused = { code: 'TRANSPORT_REFUSED', message: expect.stringContaining('`tls.ca`') };
    expect(await failureOf(untrusting.openPublisher())).toMatchObject(refused);
    const misnamed = redisStreams({
      ...options,
      url: `rediss://127.0.0.1:${port}`,
      tls: { ca, servername: 'redis.example' },
    });
    expect(await failureOf(misnamed.openReceiver(receiverOptions))).toMatchObject(refused);
    const plain = redisStreams({ ...options, url: `redis://127.0.0.1:${port}` });
    expect(await failureOf(plain.openPublisher())).toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
  });

  test('has options of TLS alone', () => {
    const options = { stream: 'orders', url: 'redis://127.0.0.1' };
    expect(() => redisStreams({ ...options, tls: {} })).toThrow('rediss://');
    expect(() => redisStreams({ ...options, url: 'rediss://a', tls: { caa: '' } as never })).toThrow('caa');
  });
});

const receiverOptions = { consumer: 'billing', prefetch: 1, onDelivery: () => {}, onLost: () => {} };
