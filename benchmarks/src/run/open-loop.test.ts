import { expect, test } from 'vitest';
import { openLoop } from './open-loop.ts';

test('a blocked action does not delay the next, and each gets its due time', async () => {
  const due: number[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await openLoop(
    5,
    2,
    () => 0.5,
    async (number, dueMs) => {
      due.push(dueMs);
      if (number === 0) await held;
      if (number === 4) release();
    },
  );
  const gaps = due.slice(1).map((at, index) => at - due[index]!);
  expect(gaps.map((gap) => Math.round(gap * 1_000) / 1_000)).toEqual([2, 2, 2, 2]);
});
