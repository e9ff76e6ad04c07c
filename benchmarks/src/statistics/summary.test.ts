import { expect, test } from 'vitest';
import { median, pairedRatios, summarize } from './summary.ts';

test('the median is the middle value, or the mean of the two middle values', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([10, 9, 100, 20])).toBe(15);
  expect(median([3])).toBe(3);
});

test('a summary does not depend on the order of the values, and does not change it', () => {
  const values = [3, 1, 2];
  expect(summarize(values)).toEqual({ median: 2, min: 1, max: 3 });
  expect(values).toEqual([3, 1, 2]);
});

test('a summary of no values is a RangeError', () => {
  expect(() => summarize([])).toThrow(RangeError);
});

test('ratios are computed within a repetition, so that a slowdown of both cancels out', () => {
  expect(pairedRatios([10, 5, 20], [20, 10, 40])).toEqual([0.5, 0.5, 0.5]);
});

test('a figure with fewer repetitions is replaced by its median in ratios', () => {
  expect(pairedRatios([10, 5], [20])).toEqual([0.5, 0.25]);
});
