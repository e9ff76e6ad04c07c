import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { RecordingTransport } from './recording-transport.ts';
import { ordersRelay, placed, relaying, test } from './relay-test.ts';

describe('a relay whose key is another one than what it has published by', () => {
  test('does not start, and goes on with the former one or another name', async ({ store }) => {
    const transport = new RecordingTransport();
    for (const id of ['a', 'b', 'c']) await store.append(`order-${id}`, [placed(1)]);
    const start = async (options: Parameters<typeof ordersRelay>[1]) => {
      const relay = ordersRelay(transport, options);
      await using runner = relaying(store, [relay]);
      await runner.start();
      await runner.whenCaughtUp(relay);
    };
    await start({ slices: 4 });
    expect(transport.taken).toHaveLength(3);
    await store.append('order-a', [placed(2)]);
    const key = () => 'all';
    for (const version of [1, 2])
      expect(await failureOf(start({ slices: 4, key, version }))).toMatchObject({
        code: 'INVALID_DEFINITION',
        message: expect.stringContaining(
          'relay "orders-out" has published the event at position 3 with key "order-c"',
        ) as string,
      });
    expect(transport.taken).toHaveLength(3);
    await start({ slices: 2, key: ({ streamId }) => streamId });
    expect(transport.taken).toHaveLength(4);
    await start({ name: 'others', source: '/shop/others', key });
    expect(transport.taken.slice(4).map((message) => message.key)).toEqual(['all', 'all', 'all', 'all']);
  });

  test('starts when what it has published by cannot be compared', async ({ store }) => {
    const transport = new RecordingTransport();
    await store.append('order-a', [placed(1)]);
    const relay = ordersRelay(transport);
    {
      await using runner = relaying(store, [relay]);
      await runner.start();
      await runner.whenCaughtUp(relay);
    }
    const throws = ordersRelay(transport, {
      key: () => {
        throw new Error('no key');
      },
    });
    await using runner = relaying(store, [throws]);
    await runner.start();
    expect(await runner.status()).toMatchObject([{ position: 1 }]);
  });
});
