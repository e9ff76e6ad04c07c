import { expect, test } from 'vitest';
import { configuration } from './settings.ts';

test('given settings override the defaults; fsync is off unless durable', () => {
  expect(configuration(false, { max_connections: '10' })).toContain("max_connections = '10'\n");
  expect(configuration(false, {})).toContain("fsync = 'off'\n");
  expect(configuration(true, {})).not.toContain('fsync');
});

test('quotes and backslashes in a value are escaped', () => {
  expect(configuration(true, { 'app.motto': `it's \\n` })).toContain(String.raw`app.motto = 'it''s \\n'`);
});

test.for(['', 'a b', 'a=b', "a'", '1a', 'a.b.c', 'a\nb'])('the setting name %j is a TypeError', (name) => {
  expect(() => configuration(true, { [name]: 'x' })).toThrow(TypeError);
});

test.for(['a\nb', 'a\rb', 'a\0b'])('the setting value %j is a TypeError', (value) => {
  expect(() => configuration(true, { work_mem: value })).toThrow(TypeError);
});
