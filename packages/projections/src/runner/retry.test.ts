import { expect, test } from 'vitest';
import { delayAfter, pause, toRetryPolicy } from './retry.ts';

test('pauses double up to their limit, however many failures there were', () => {
  const policy = toRetryPolicy({ firstDelayMs: 100, maxDelayMs: 1_000 });
  expect([1, 2, 3, 4, 5, 6, 5_000].map((failures) => delayAfter(policy, failures))).toEqual([
    100, 200, 400, 800, 1_000, 1_000, 1_000,
  ]);
});

test('a pause ends when the signal aborts, without an error', async () => {
  const controller = new AbortController();
  const paused = pause(60_000, controller.signal);
  controller.abort();
  await expect(paused).resolves.toBeUndefined();
  await expect(pause(60_000, controller.signal)).resolves.toBeUndefined();
});
