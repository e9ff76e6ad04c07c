import { expect, test } from 'vitest';
import { latencyFigures, percentile } from './percentile.ts';

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('a percentile is the smallest measured value that the given share does not exceed', () => {
  const hundred = Float64Array.from(oneTo(100));
  expect([0.5, 0.9, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([50, 90, 99, 100]);
  const four = Float64Array.from(oneTo(4));
  expect([0.001, 0.25, 0.26, 0.5, 0.51].map((share) => percentile(four, share))).toEqual([1, 1, 2, 2, 3]);
});

test('a high percentile of few values is their maximum', () => {
  expect(percentile(Float64Array.from([1, 1, 1, 9]), 0.999)).toBe(9);
});

test('a percentile of no values is a RangeError', () => {
  expect(() => percentile(new Float64Array(), 0.5)).toThrow(RangeError);
});

test('latencies are sorted as numbers before percentiles are computed', () => {
  const figures = latencyFigures(oneTo(1_000).toReversed());
  expect(figures).toEqual({ p50Ms: 500, p90Ms: 900, p99Ms: 990, p999Ms: 999, maxMs: 1_000 });
});
