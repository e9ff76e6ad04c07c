import { expect, test } from 'vitest';
import { uuidv7 } from './uuid-v7.ts';

const instants = [0, 1, 31, 32, 1_048_575, 1_048_576, 1_760_000_000_000, 1_760_000_000_001, 32 ** 9 - 1];

test('ids sort as text in the order of their milliseconds', () => {
  const ids = instants.map((now) => uuidv7(now));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids.map((id) => id.slice(0, 9))).size).toBe(ids.length);
});

test('an id has 23 characters, digits and upper-case letters', () => {
  for (const now of instants) expect(uuidv7(now)).toMatch(/^[0-9A-HJKMNP-TV-Z]{23}$/);
});

test('ids of one millisecond differ', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(1_760_000_000_000))).size).toBe(10_000);
});

test('a fraction of a millisecond does no harm', () => {
  expect(uuidv7(1_760_000_000_000.75).slice(0, 9)).toBe(uuidv7(1_760_000_000_000).slice(0, 9));
});
