import { expect, test } from 'vitest';
import { StreamQueues } from './stream-queues.ts';

test('work beyond 10,000 waiting commands is refused until some have run', async () => {
  const queues = new StreamQueues();
  let release = () => {};
  const held = queues.take(
    ['held'],
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const waiting = Array.from({ length: 10_000 }, () => queues.take(['held'], () => Promise.resolve()));
  expect(() => queues.assertRoom()).toThrow(
    expect.objectContaining({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('10000 commands'),
    }),
  );
  await Promise.resolve();
  release();
  await Promise.all([held, ...waiting]);
  expect(() => queues.assertRoom()).not.toThrow();
});

test('work that does not have to wait takes no room', () => {
  const queues = new StreamQueues();
  for (let number = 0; number < 20_000; number += 1)
    void queues.take([`stream-${number}`], () => Promise.resolve());
  expect(() => queues.assertRoom()).not.toThrow();
});
