import { expect, test } from 'vitest';
import { pause } from './pause.ts';

test('a pause ends when the signal aborts, without an error', async () => {
  const controller = new AbortController();
  const paused = pause(60_000, controller.signal);
  controller.abort();
  await expect(paused).resolves.toBeUndefined();
  await expect(pause(60_000, controller.signal)).resolves.toBeUndefined();
});

test('a pause without a signal ends when its time is over', async () => {
  await expect(pause(1)).resolves.toBeUndefined();
});
