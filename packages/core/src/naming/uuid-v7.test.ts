import { expect, test } from 'vitest';
import { uuidv7 } from './uuid-v7.ts';

const instants = [0, 1, 65_535, 65_536, 65_537, 1_760_000_000_000, 1_760_000_000_001, 2 ** 47, 2 ** 48 - 1];

test('ids are UUIDs of version 7 and variant 10', () => {
  for (const now of instants) {
    expect(uuidv7(now)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test('the first 48 bits are the milliseconds since 1970', () => {
  for (const now of instants) {
    const id = uuidv7(now);
    expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(now);
  }
});

test('ids sort as text in the order of their milliseconds', () => {
  const ids = instants.map((now) => uuidv7(now));
  expect(ids.toSorted()).toEqual(ids);
});

test('ids of one process and one millisecond sort in the order they were made', () => {
  const ids = Array.from({ length: 50_000 }, () => uuidv7(1_760_000_000_000));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the counter starts at another value in each millisecond', () => {
  const counters = new Set(Array.from({ length: 1_000 }, (_, ms) => uuidv7(ms).slice(14, 23)));
  expect(counters.size).toBeGreaterThan(990);
});

test('the last 48 bits differ in each id', () => {
  const last = Array.from({ length: 1_000 }, () => uuidv7(1_760_000_000_000).slice(24));
  expect(new Set(last).size).toBe(last.length);
});

test('ids differ when the clock goes back', () => {
  const ids = [5, 4, 5, 4, 5].map((now) => uuidv7(now));
  expect(new Set(ids).size).toBe(5);
});

test('a fraction of a millisecond is dropped', () => {
  const ids = [0.25, 0.75, 0.5].map((fraction) => uuidv7(1_760_000_000_000 + fraction));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids.map((id) => id.slice(0, 13))).size).toBe(1);
});
