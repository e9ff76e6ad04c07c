import { expect, test } from 'vitest';
import { copyJson } from './copy-json.ts';

test('a copy has the same members in their order, and shares no object', () => {
  const value = { b: [{ d: 1 }, [2]], a: { c: null, e: undefined }, n: 0, t: 'text' };
  const copy = copyJson(value);
  expect(copy).toStrictEqual(value);
  expect(Object.keys(copy)).toEqual(['b', 'a', 'n', 't']);
  for (const [one, other] of [
    [copy, value],
    [copy.b, value.b],
    [copy.b[0], value.b[0]],
    [copy.b[1], value.b[1]],
    [copy.a, value.a],
  ])
    expect(one).not.toBe(other);
});

test('a member named __proto__ stays one', () => {
  const value = JSON.parse('{"__proto__": {"admin": true}}') as object;
  const copy = copyJson(value);
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true}}');
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});
