import { expect, test } from 'vitest';
import { completeRetryPolicy, retryDelayMs } from './retry-policy.ts';

test('delays double up to the maximum, with full jitter', () => {
  const policy = completeRetryPolicy({ baseDelayMs: 10, maxDelayMs: 60 });
  expect([1, 2, 3, 4, 5].map((failed) => retryDelayMs(policy, failed, 1))).toEqual([10, 20, 40, 60, 60]);
  expect(retryDelayMs(policy, 3, 0)).toBe(0);
  expect(retryDelayMs(policy, 3, 0.5)).toBe(20);
});

test('options left out for one command fall back to the executor', () => {
  const all = completeRetryPolicy({ attempts: 3, baseDelayMs: 1 });
  expect(completeRetryPolicy({ attempts: 7 }, all)).toEqual({ attempts: 7, baseDelayMs: 1, maxDelayMs: 500 });
  expect(completeRetryPolicy(false, all)).toEqual({ attempts: 1, baseDelayMs: 1, maxDelayMs: 500 });
});

test('numbers out of range are a RangeError', () => {
  expect(() => completeRetryPolicy({ attempts: 0 })).toThrow(RangeError);
  expect(() => completeRetryPolicy({ attempts: 1.5 })).toThrow(RangeError);
  expect(() => completeRetryPolicy({ baseDelayMs: Number.NaN })).toThrow(RangeError);
  expect(() => completeRetryPolicy({ maxDelayMs: -1 })).toThrow(RangeError);
});
