import { hostileValues } from '@leftfold/testbed/hostile';
import { expect, test } from 'vitest';
import { estimatedJsonSize, estimatedSize } from './estimated-size.ts';

test.each([
  ['a long text', 'x'.repeat(1_000_000), 1_000_000],
  ['many empty objects', Array.from({ length: 300_000 }, () => ({})), 300_000 * 50],
  ['a map', new Map(Array.from({ length: 5_000 }, (_, n) => [n, { n }])), 5_000 * 64],
  ['a set below levels of objects', { a: { b: new Set(['x'.repeat(50_000)]) } }, 50_000],
])('the estimated size of %s is not less than what it takes, by far', (_, value, least) => {
  expect(estimatedSize(value)).toBeGreaterThan(least);
  expect(estimatedSize(value)).toBeLessThan(least * 4);
});

test('a value of any depth or with a circle has an estimated size', () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 200_000; depth += 1) deep = [deep];
  expect(estimatedSize(deep)).toBeGreaterThan(0);
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(estimatedSize(circle)).toBeGreaterThan(0);
});

test('a list has an estimated size without a look at each of its elements', () => {
  expect(estimatedSize(new Array(2 ** 32 - 1))).toBeGreaterThan(2 ** 32);
  expect(estimatedSize({ long: Array.from({ length: 300_000 }, () => 1) })).toBeGreaterThan(300_000);
});

test('what throws when it is read has an estimated size', () => {
  for (const value of hostileValues) expect(estimatedSize({ value })).toBeGreaterThan(0);
});

const objects = '{},'.repeat(300_000);
const letters = 'x'.repeat(900_000);

test.each([
  ['empty objects', `[${objects}1]`, 300_000 * 50],
  ['empty objects at the beginning', `[${objects}"${letters}"]`, 300_000 * 50],
  ['empty objects at the end', `["${letters}",${objects}1]`, 300_000 * 50],
  ['letters', `"${letters}"`, 1_800_000],
  ['letters of two bytes', `"${'€'.repeat(900_000)}"`, 3_600_000],
  ['a few fields', JSON.stringify({ owner: 'Ada', cents: 1, note: 'x'.repeat(100) }), 200],
])('the estimated size of a JSON text with %s counts its value too', (_, json, least) => {
  expect(estimatedJsonSize(json)).toBeGreaterThanOrEqual(least);
  expect(estimatedJsonSize(json)).toBeLessThan(least * 6);
});
