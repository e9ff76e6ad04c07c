import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../event/json.ts';
import { asStored } from './as-stored.ts';

const text = (value: unknown) => JSON.stringify(asStored(value));

describe('a value as it is stored', () => {
  test.each<JsonValue>([
    null,
    true,
    'text',
    1.5,
    [],
    {},
    [1, 'a', { a: 1 }],
    { a: 1, b: { c: [1, 2] }, cc: null },
    { 2: 'index', 10: 'index', a: 1, bb: 3, é: 2 },
    { z: 1, aa: 1 },
  ])('is the same object when it has the stored form already: %j', (value) => {
    expect(asStored(value)).toBe(value);
  });

  test('has its members in the order of jsonb: by length in bytes, then by bytes', () => {
    expect(text({ zeta: 1, alpha: 2, b: 3, a: 4 })).toBe('{"a":4,"b":3,"zeta":1,"alpha":2}');
    expect(text({ aaa: 1, é: 2, bb: 3 })).toBe('{"bb":3,"é":2,"aaa":1}');
    expect(text({ '\u{10000}': 1, '￿a': 2, '￿': 3 })).toBe('{"￿":3,"￿a":2,"\u{10000}":1}');
    expect(text({ bb: { d: 1, c: 2 }, a: [{ f: 1, e: 2 }] })).toBe(
      '{"a":[{"e":2,"f":1}],"bb":{"c":2,"d":1}}',
    );
  });

  test('lacks undefined members, and has 0 for -0', () => {
    expect(asStored({ a: undefined, b: 1 })).toStrictEqual({ b: 1 });
    expect(Object.is(asStored({ a: -0 }).a, 0)).toBe(true);
    expect(asStored([1, -0])).toStrictEqual([1, 0]);
  });

  test.for([1n, Number.NaN, undefined, new Date(0), new Map(), () => 1])('does not exist for %o', (part) => {
    expect(() => asStored({ a: [part] })).toThrow('JSON cannot keep a value that is ');
  });

  test('keeps a member named __proto__', () => {
    const value: unknown = JSON.parse('{"b": 1, "__proto__": {"d": 1, "c": 2}, "a": 1}');
    expect(text(value)).toBe('{"a":1,"b":1,"__proto__":{"c":2,"d":1}}');
  });

  test('is made in one pass, at any depth', () => {
    let value: JsonValue = 1;
    for (let depth = 0; depth < 2_000; depth += 1) value = { b: value, a: depth };
    expect(text(value)).toHaveLength(JSON.stringify(value).length);
  });
});
