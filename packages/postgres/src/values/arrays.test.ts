import { expect, test } from 'vitest';
import { jsonArray, numberArray, textArray, toNumbers } from './arrays.ts';

test('numbers are written as an array and read back', () => {
  for (const values of [[], [1], [1, 2, Number.MAX_SAFE_INTEGER]]) {
    expect(toNumbers(numberArray(values))).toEqual(values);
  }
  expect(toNumbers(null)).toEqual([]);
  expect(() => toNumbers('{9007199254740993}')).toThrow(RangeError);
});

test('texts are quoted unless they are plain words, and null is NULL', () => {
  expect(textArray([])).toBe('{}');
  expect(textArray(['account-1', 'a:b.c_d', null])).toBe('{account-1,a:b.c_d,NULL}');
  expect(textArray(['', 'null', 'NULL', 'a'])).toBe('{"","null","NULL","a"}');
  expect(textArray(['a,b', '{x}', '"quoted"', 'back\\slash'])).toBe(
    '{"a,b","{x}","\\"quoted\\"","back\\\\slash"}',
  );
});

test('a text with control characters or an emoji stays as it is between its quotes', () => {
  expect(textArray(['line\nnext "x"', '😀 \\'])).toBe('{"line\nnext \\"x\\"","😀 \\\\"}');
});

test('JSON texts are joined to a JSON array', () => {
  expect(jsonArray([])).toBe('[]');
  expect(jsonArray(['{"a":1}', 'null'])).toBe('[{"a":1},null]');
});
