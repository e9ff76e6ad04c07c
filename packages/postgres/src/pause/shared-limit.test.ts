import { expect, test } from 'vitest';
import { SharedLimit } from './shared-limit.ts';

const never = () => new Promise<void>(() => {});

test('steps share one limit, and those after it are not waited for', async () => {
  let overs = 0;
  const limit = new SharedLimit(50, () => (overs += 1));
  const began = performance.now();
  await limit.wait(Promise.resolve());
  expect(overs).toBe(0);
  for (let step = 0; step < 5; step += 1) await limit.wait(never());
  expect(performance.now() - began).toBeLessThan(200);
  expect(overs).toBe(5);
});

test('what a step throws before the limit is thrown', async () => {
  const limit = new SharedLimit(60_000, () => {});
  await expect(limit.wait(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
