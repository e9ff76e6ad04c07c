import { expect, test } from 'vitest';
import { keptText, shownId, shownName, shownText, shownValue } from './shown.ts';

test('a short text is quoted, and what a terminal would obey is escaped', () => {
  expect(shownText('a\\b\n\u001b[31m\u202e'.replace('[', '('))).toBe(String.raw`"a\\b\n\u001b(31m\u202e"`);
  expect(shownText('\u2028\ud83e\u0085é🎉')).toBe(String.raw`"\u2028\ud83e\u0085é🎉"`);
});

test.for([
  ['x'.repeat(61), '61 characters'],
  ['x'.repeat(1e6), '1000000 characters'],
  ['postgres://u:secret@h/db', '24 characters'],
  ['host=h password=secret', '22 characters'],
  ['{"a":1}', '7 characters'],
  ['[1]', '3 characters'],
  ['"', '1 character'],
] as const)('a text that is long, or may be a URL or JSON, is described: %#', ([text, shown]) => {
  expect(shownText(text)).toBe(`a text of ${shown}`);
  expect(shownName(text)).toBe(`of ${shown}`);
});

test('an id of any length is quoted, so that it ends neither its quotes nor a line', () => {
  const id = `${'x'.repeat(200)}" forged\u2028\u009b`;
  expect(shownId(id)).toBe(String.raw`"${'x'.repeat(200)}\" forged\u2028\u009b"`);
  expect(shownId('order-{a}')).toBe('"order-{a}"');
});

test('a text in a field is escaped and abridged', () => {
  expect(keptText('account.open')).toBe('account.open');
  expect(keptText('a\nb\u001b')).toBe(String.raw`a\u000ab\u001b`);
  expect(keptText('x'.repeat(1e6))).toBe(`${'x'.repeat(255)}...`);
});

test('a name is quoted, and what is no text is shown by its kind', () => {
  expect(shownName('account.opened')).toBe('"account.opened"');
  expect(shownName({})).toBe('an object');
});

test.for([
  [7, '7'],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
  ['secret', 'a text of 6 characters'],
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
