import { expect, test } from 'vitest';
import { differencesBetween } from './definition-hash.ts';

const types = (count: number) => Array.from({ length: count }, (_, index) => `account.happened-${index}`);

test('differences show both values where they are short', () => {
  const stored = { key: ['a', 'b'], columns: { a: 'text', c: 'text' } };
  const declared = { key: ['b', 'a'], columns: { a: 'text', b: 'bigint' } };
  expect(differencesBetween(stored, declared)).toEqual([
    'key is ["a","b"], defined as ["b","a"]',
    'columns c is not defined any more: "text"',
    'columns b is new: "bigint"',
  ]);
});

test('differences of long lists name the elements that differ', () => {
  const stored = { eventTypes: types(60) };
  const declared = { eventTypes: [...types(59), 'account.closed'] };
  expect(differencesBetween(stored, declared)).toEqual([
    'eventTypes has "account.happened-59", which is not defined any more',
    'eventTypes lacks "account.closed"',
  ]);
});

test('other long values are shortened', () => {
  const [order, value, added] = differencesBetween(
    { order: types(60), value: 'x'.repeat(500) },
    { order: types(60).toReversed(), value: 'y'.repeat(500), added: types(60) },
  );
  expect(order).toMatch(/^order is \["account\.happened-0".*…, defined as \["account\.happened-59".*…$/);
  expect(value).toMatch(/^value is "x+…, defined as "y+…$/);
  expect(added).toMatch(/^added is new: \["account\..*…$/);
  for (const line of [order, value, added]) expect(line?.length).toBeLessThan(170);
});
