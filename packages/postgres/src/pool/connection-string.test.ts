import { expect, test } from 'vitest';
import { assertConnectionString, hostOf } from './connection-string.ts';

test.each([
  'postgres://somewhere',
  'postgresql://user:pass@somewhere:5432/bank?sslmode=require',
  'postgres://user:p%2Fs%40s@somewhere/bank',
  'postgres://user:p@ss@somewhere/bank',
  'postgres:///bank?host=/var/run/postgresql',
  'postgres://user:pass@/bank?host=/var/run/postgresql',
  'socket:/var/run/postgresql?db=bank',
  '/var/run/postgresql bank',
])('%s is a connection string', (text) => {
  expect(() => assertConnectionString(text)).not.toThrow();
});

test.each([
  ['', 'must not be empty'],
  ['mysql://user:1357secret@somewhere/bank', 'must begin with postgres://'],
  ['host=somewhere password=1357secret', 'must begin with postgres://'],
  ['postgres://user:1357/secret@somewhere/bank', 'encodeURIComponent'],
  ['postgres://user:1357#secret@somewhere/bank', 'encodeURIComponent'],
  ['postgres://user:1357?secret@somewhere/bank', 'encodeURIComponent'],
  ['postgres://user:secret/1357@somewhere/bank', 'encodeURIComponent'],
  ['postgres://user:13@57/secret@somewhere/bank', 'encodeURIComponent'],
  ['postgres://user:1357%secret@somewhere/bank', 'encodeURIComponent'],
  ['postgres://user@somewhere:port/bank', 'encodeURIComponent'],
])('%s is refused without a part of it', (text, message) => {
  const refused = expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(message),
  });
  expect(() => assertConnectionString(text)).toThrow(refused);
  expect(() => assertConnectionString(text)).not.toThrow(/1357|secret/);
  if (text.startsWith('postgres:')) expect(hostOf(text)).toBeUndefined();
});
