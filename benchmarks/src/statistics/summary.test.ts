import { expect, test } from 'vitest';
import { median, pairedRatios, summarize } from './summary.ts';

test('the median is the middle value, or lies between the two middle ones', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([10, 9, 100, 20])).toBe(15);
  expect(median([3])).toBe(3);
});

test('a summary keeps the order of the repetitions out of it, and leaves them as they are', () => {
  const values = [3, 1, 2];
  expect(summarize(values)).toEqual({ median: 2, min: 1, max: 3 });
  expect(values).toEqual([3, 1, 2]);
});

test('nothing has no median', () => {
  expect(() => summarize([])).toThrow(RangeError);
});

test('ratios are taken between values of one repetition, so that a slow moment of both cancels out', () => {
  expect(pairedRatios([10, 5, 20], [20, 10, 40])).toEqual([0.5, 0.5, 0.5]);
});

test('what was measured less often is compared with by its median', () => {
  expect(pairedRatios([10, 5], [20])).toEqual([0.5, 0.25]);
});
