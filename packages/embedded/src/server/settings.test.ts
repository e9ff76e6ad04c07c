import { expect, test } from 'vitest';
import { configuration } from './settings.ts';

test('own settings go over the defaults, and what is not durable does not wait for the disk', () => {
  expect(configuration(false, { max_connections: '10' })).toContain("max_connections = '10'\n");
  expect(configuration(false, {})).toContain("fsync = 'off'\n");
  expect(configuration(true, {})).not.toContain('fsync');
});

test('a value is quoted, so that it stays a value', () => {
  expect(configuration(true, { 'app.motto': `it's \\n` })).toContain(String.raw`app.motto = 'it''s \\n'`);
});

test.for(['', 'a b', 'a=b', "a'", '1a', 'a.b.c', 'a\nb'])(
  '%j is refused as the name of a setting',
  (name) => {
    expect(() => configuration(true, { [name]: 'x' })).toThrow(TypeError);
  },
);

test.for(['a\nb', 'a\rb', 'a\0b'])('%j is refused as a value', (value) => {
  expect(() => configuration(true, { work_mem: value })).toThrow(TypeError);
});
