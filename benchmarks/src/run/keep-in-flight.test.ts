import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { keepInFlight } from './keep-in-flight.ts';

test('keeps at most `count` actions in flight, and counts ended actions', async () => {
  let inFlight = 0;
  let most = 0;
  let ended = 0;
  const callers = new Set<number>();
  const started = performance.now();
  const figures = await keepInFlight(3, 500, async (caller) => {
    callers.add(caller);
    inFlight += 1;
    most = Math.max(most, inFlight);
    await nextTurn();
    inFlight -= 1;
    ended += 1;
  });
  const seconds = (performance.now() - started) / 1_000;
  expect(most).toBe(3);
  expect([...callers]).toEqual([0, 1, 2]);
  expect(figures['perSecond']).toBeGreaterThanOrEqual((ended / seconds) * 0.9);
  expect(figures['p50Ms']).toBeLessThanOrEqual(figures['p999Ms']!);
});
