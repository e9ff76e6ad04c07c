import { expect, test } from 'vitest';
import { jetstream } from './jetstream.ts';
import { jetstreamSettings, type JetStreamTransportOptions } from './jetstream-options.ts';

const right = { servers: 'nats://127.0.0.1:4222', stream: 'orders' };

test('a login is taken from the servers', () => {
  const loginOf = (servers: string | readonly string[]) =>
    jetstreamSettings({ ...right, servers }).connection;
  expect(loginOf(['nats://a:4222', 'nats://me:p%4012@b:4223'])).toEqual({
    servers: ['a:4222', 'b:4223'],
    user: 'me',
    pass: 'p@12',
  });
  expect(loginOf('tls://token@a')).toEqual({ servers: ['a'], tls: {}, token: 'token' });
});

test('no other options are taken than there are', () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{}, /stream/],
    [{ ...right, servers: [] }, /servers/],
    [{ ...right, servers: 'http://a' }, /nats:\/\//],
    [{ ...right, servers: undefined }, /servers/],
    [{ ...right, servers: 'nats://me:100%@a' }, /encodeURIComponent/],
    [{ ...right, stream: 'a b' }, /stream/],
    [{ ...right, subject: 'a.*' }, /subject/],
    [{ ...right, consumers: [''] }, /consumers/],
    [{ ...right, replicas: 0 }, /replicas/],
    [{ ...right, keep: -1 }, /keep/],
    [{ ...right, ackWaitMs: 1 }, /ackWaitMs/],
    [{ ...right, answerMs: 1 }, /answerMs/],
    [{ ...right, connection: 1 }, /connection/],
    [{ ...right, name: 'a' }, /name/],
  ];
  for (const [options, words] of wrong)
    expect(() => jetstream(options as JetStreamTransportOptions)).toThrow(words);
  expect(jetstream(right).name).toBe('nats stream "orders"');
});
