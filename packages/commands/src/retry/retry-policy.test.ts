import { expect, test } from 'vitest';
import { completeRetryPolicy, retryDelayMs } from './retry-policy.ts';

test('waits grow twofold up to the longest one, and are spread from 0 on', () => {
  const policy = completeRetryPolicy({ baseDelayMs: 10, maxDelayMs: 60 });
  expect([1, 2, 3, 4, 5].map((failed) => retryDelayMs(policy, failed, 1))).toEqual([10, 20, 40, 60, 60]);
  expect(retryDelayMs(policy, 3, 0)).toBe(0);
  expect(retryDelayMs(policy, 3, 0.5)).toBe(20);
});

test('what one command leaves out is the policy of all', () => {
  const all = completeRetryPolicy({ attempts: 3, baseDelayMs: 1 });
  expect(completeRetryPolicy({ attempts: 7 }, all)).toEqual({ attempts: 7, baseDelayMs: 1, maxDelayMs: 500 });
  expect(completeRetryPolicy(false, all)).toEqual({ attempts: 1, baseDelayMs: 1, maxDelayMs: 500 });
});

test('numbers that make no sense are refused', () => {
  expect(() => completeRetryPolicy({ attempts: 0 })).toThrow(RangeError);
  expect(() => completeRetryPolicy({ attempts: 1.5 })).toThrow(RangeError);
  expect(() => completeRetryPolicy({ baseDelayMs: Number.NaN })).toThrow(RangeError);
  expect(() => completeRetryPolicy({ maxDelayMs: -1 })).toThrow(RangeError);
});
