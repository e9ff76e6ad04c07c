import { expect, test, vi } from 'vitest';
import { beginAtRate } from './arrivals.ts';

test('work begins at its rate though none of it ends, up to as much as may be under way', async () => {
  let begun = 0;
  let crowded = 0;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const began = performance.now();
  const arriving = beginAtRate({
    perSecond: 1_000,
    atMost: 50,
    begin: () => {
      begun += 1;
      return ended;
    },
    onCrowded: () => (crowded += 1),
    goesOn: () => begun + crowded < 150,
  });
  await vi.waitUntil(() => crowded >= 100);
  expect(begun).toBe(50);
  expect(performance.now() - began).toBeGreaterThan(140);
  end();
  await arriving;
});
