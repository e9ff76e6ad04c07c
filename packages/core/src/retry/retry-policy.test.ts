import { expect, test } from 'vitest';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { retryDelayMs, toRetryPolicy } from './retry-policy.ts';

const defaults = { attempts: 12, firstDelayMs: 10, maxDelayMs: 500 };

test('delays double up to the longest one, however many failures there were', () => {
  const policy = { firstDelayMs: 10, maxDelayMs: 60 };
  expect([1, 2, 3, 4, 5, 5_000].map((failures) => retryDelayMs(policy, failures))).toEqual([
    10, 20, 40, 60, 60, 60,
  ]);
});

test('a random share spreads a delay from 0 on', () => {
  const policy = { firstDelayMs: 10, maxDelayMs: 60 };
  expect(retryDelayMs(policy, 3, 0)).toBe(0);
  expect(retryDelayMs(policy, 3, 0.5)).toBe(20);
  expect(retryDelayMs(policy, 3, 1)).toBe(40);
});

test('what is left out is taken from the defaults', () => {
  const all = toRetryPolicy({ attempts: 3, firstDelayMs: 1 }, defaults);
  expect(all).toEqual({ attempts: 3, firstDelayMs: 1, maxDelayMs: 500 });
  expect(toRetryPolicy({ attempts: 7 }, all)).toEqual({ attempts: 7, firstDelayMs: 1, maxDelayMs: 500 });
  expect(toRetryPolicy(undefined, all)).toEqual(all);
});

test('false is one attempt, and Infinity is no limit', () => {
  expect(toRetryPolicy(false, defaults)).toEqual({ ...defaults, attempts: 1 });
  expect(toRetryPolicy({ attempts: Number.POSITIVE_INFINITY }, defaults).attempts).toBe(Infinity);
});

test('numbers that make no sense are refused', () => {
  expect(() => toRetryPolicy({ attempts: 0 }, defaults)).toThrow(InvalidArgumentError);
  expect(() => toRetryPolicy({ attempts: 1.5 }, defaults)).toThrow(InvalidArgumentError);
  expect(() => toRetryPolicy({ attempts: Number.NaN }, defaults)).toThrow(InvalidArgumentError);
  expect(() => toRetryPolicy({ firstDelayMs: Number.NaN }, defaults)).toThrow(InvalidArgumentError);
  expect(() => toRetryPolicy({ maxDelayMs: -1 }, defaults)).toThrow(InvalidArgumentError);
});
