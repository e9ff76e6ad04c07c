import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SharedLimit } from './shared-limit.ts';

const never = () => new Promise<void>(() => {});

test('steps share one limit, and those after it are hardly waited for', async () => {
  let overs = 0;
  const limit = new SharedLimit(50, () => (overs += 1));
  const began = performance.now();
  await limit.wait(Promise.resolve());
  expect(overs).toBe(0);
  for (let step = 0; step < 2; step += 1) await limit.wait(never());
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(overs).toBe(2);
});

test('a step that ends because the limit is over is waited for', async () => {
  const over = new AbortController();
  let ended = false;
  const limit = new SharedLimit(10, () => over.abort());
  const ends = async () => {
    await once(over.signal, 'abort');
    await nextTurn();
    ended = true;
  };
  await limit.wait(ends());
  expect(ended).toBe(true);
});

test('what a step throws before the limit is thrown', async () => {
  const limit = new SharedLimit(60_000, () => {});
  await expect(limit.wait(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
