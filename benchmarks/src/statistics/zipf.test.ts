import { expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { zipf } from './zipf.ts';

test('number n is drawn 1/n as often as the first, and no number is out of range', () => {
  const draw = zipf(1_000, seededRandom(1));
  const counts = Array.from({ length: 1_000 }, () => 0);
  for (let index = 0; index < 200_000; index += 1) counts[draw()]! += 1;
  const [first = 0, second = 0] = counts;
  expect(second / first).toBeCloseTo(1 / 2, 1);
  expect(counts[9]! / first).toBeCloseTo(1 / 10, 1);
  expect(counts.reduce((sum, count) => sum + count)).toBe(200_000);
});

test('random 0 gives the first number, random just below 1 the last', () => {
  expect(zipf(5, () => 0)()).toBe(0);
  expect(zipf(5, () => 1 - Number.EPSILON)()).toBe(4);
});

test('the same seed gives the same numbers, from 0 up to 1', () => {
  const [first, second] = [seededRandom(7), seededRandom(7)];
  const numbers = Array.from({ length: 1_000 }, first);
  expect(Array.from({ length: 1_000 }, second)).toEqual(numbers);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
});
