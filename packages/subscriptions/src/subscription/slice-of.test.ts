import { expect, test } from 'vitest';
import { sliceOf } from './slice-of.ts';

test('the slice of a key is the same in every release', () => {
  expect(sliceOf('account-1', 4)).toBe(1);
  expect(sliceOf('account-2', 4)).toBe(0);
  expect(sliceOf('ä', 7)).toBe(6);
  expect(sliceOf('', 5)).toBe(0);
});

test('keys are spread evenly', () => {
  const counts = [0, 0, 0, 0];
  for (let key = 0; key < 4_000; key += 1) counts[sliceOf(`account-${key}`, 4)]! += 1;
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});
