import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { Transport } from '../src/index.ts';
import { RecordingTransport } from './recording-transport.ts';
import { ordersRelay, placed, relaying, test } from './relay-test.ts';

describe('a relay', () => {
  test('stops when its transport does not say what became of each message', async ({ store }) => {
    guarantee('relays-wait-for-the-broker');
    const forgetful: Transport = {
      name: 'forgetful transport',
      openPublisher: async () => ({ publish: async () => [], check: async () => {}, close: async () => {} }),
      openReceiver: () => Promise.reject(new Error('nothing is received here')),
    };
    await store.append('order-a', [placed(1), placed(2)]);
    await using runner = relaying(store, [ordersRelay(forgetful)]);
    await runner.start();
    await until(async () => (await runner.status())[0]?.state === 'stopped');
    const [status] = await runner.status();
    expect(status).toMatchObject({ position: 0 });
    expect(status?.failure?.message).toContain('returned outcomes for 0 of 1 messages');
  });

  test('publishes by keys of any text, in the order of each', async ({ store }) => {
    guarantee('relays-in-order');
    const transport = new RecordingTransport();
    const keys = [
      'a\u0000',
      'a\ud800',
      'a',
      '__proto__',
      '*.>#',
      'k'.repeat(100_000),
      '\u{1f98a}'.repeat(300),
    ];
    const relay = ordersRelay(transport, {
      key: ({ streamId }) => keys[Number(streamId.split('-')[1])]!,
    });
    for (const round of [1, 2])
      for (const place of keys.keys()) await store.append(`order-${place}`, [placed(round * 100 + place)]);
    {
      await using runner = relaying(store, [relay]);
      await runner.start();
      await runner.whenCaughtUp(relay);
    }
    await using runner = relaying(store, [relay]);
    await runner.start();
    expect(new Set(transport.taken.map(({ key }) => key)).size).toBe(keys.length);
    expect(transport.bodies).toEqual(
      [1, 2].flatMap((round) => [...keys.keys()].map((place) => ({ total: round * 100 + place }))),
    );
    expect(transport.taken.every(({ key }) => key.isWellFormed() && key.length <= 600)).toBe(true);
  });
});
