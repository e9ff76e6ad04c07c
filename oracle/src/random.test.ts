import { expect, test } from 'vitest';
import { Random } from './random.ts';

const numbersOf = (random: Random) => Array.from({ length: 200 }, () => random.between(0, 1_000));

test('the same seed and purpose give the same numbers, others give others', () => {
  expect(numbersOf(new Random(7, 'writer 1'))).toEqual(numbersOf(new Random(7, 'writer 1')));
  expect(numbersOf(new Random(7, 'writer 1'))).not.toEqual(numbersOf(new Random(7, 'writer 2')));
  expect(numbersOf(new Random(7, 'writer 1'))).not.toEqual(numbersOf(new Random(8, 'writer 1')));
});

test('numbers stay within their bounds and reach both', () => {
  const random = new Random(7);
  const numbers = new Set(Array.from({ length: 500 }, () => random.between(2, 4)));
  expect(numbers).toEqual(new Set([2, 3, 4]));
  const ranks = Array.from({ length: 500 }, () => random.rank(10));
  expect(Math.min(...ranks)).toBe(0);
  expect(Math.max(...ranks)).toBeLessThan(10);
  expect(() => random.pick([])).toThrow(RangeError);
});
