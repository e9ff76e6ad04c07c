import { expect, test } from 'vitest';
import { shownText, shownValue } from './shown.ts';

test('a text is quoted, and what a terminal would obey is escaped', () => {
  expect(shownText('a"b\n\u001b[31m\u202e\u2028\ud83e\u0085é🎉')).toBe(
    String.raw`"a\"b\n\u001b[31m\u202e\u2028\ud83e\u0085é🎉"`,
  );
});

test('a long text is cut', () => {
  expect(shownText('x'.repeat(1e6))).toBe(`"${'x'.repeat(57)}..."`);
});

test.for([
  [7, '7'],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
  ['7', '"7"'],
  [7n, 'a bigint'],
  [null, 'null'],
  [undefined, 'undefined'],
  [true, 'true'],
  [['secret'], 'a list'],
  [{ secret: 1 }, 'an object'],
  [Object.create(null), 'an object'],
  [Symbol('secret'), 'a symbol'],
  [new Date(Number.NaN), 'an invalid Date'],
] as const)('%o is shown as %s', ([value, shown]) => {
  expect(shownValue(value)).toBe(shown);
});
