import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { withoutValues } from './without-values.ts';

/** An error as pg makes it. */
function fromServer(code: string, message: string): Error {
  const fields = { detail: 'Key (a)=(SECRET)', where: 'SECRET', hint: 'SECRET', internalQuery: 'SECRET' };
  return Object.assign(new Error(message), { severity: 'ERROR', code, constraint: 'a_key', ...fields });
}

test.for([
  ['22P02', 'invalid input syntax for type integer: "SECRET"'],
  ['22P02', 'Eingabesyntax ist ungültig: »SECRET«'],
  ['22003', 'value "SECRET" is out of range'],
  ['42601', 'syntax error at or near "SECRET"'],
  ['23505', 'duplicate key value violates unique constraint "a_key"'],
] as const)('an error %s has no value left, and keeps its code', ([code, message]) => {
  const error = withoutValues(fromServer(code, message));
  expect(inspect(error, { showHidden: true, depth: null })).not.toContain('SECRET');
  expect(error).toMatchObject({ code, constraint: 'a_key' });
});

test('a message that has names only stays, and so does what did not come from the server', () => {
  const message = 'column "owner" does not exist';
  expect(withoutValues(fromServer('42703', message))).toMatchObject({ message });
  const own = new TypeError('mine');
  expect(withoutValues(own)).toBe(own);
  expect(withoutValues('text')).toBe('text');
});

test('of an event that is too large for the log, the sizes stay', () => {
  const { detail, where } = withoutValues(fromServer('LF007', 'too large')) as Record<string, unknown>;
  expect({ detail, where }).toEqual({ detail: 'Key (a)=(SECRET)', where: undefined });
});
