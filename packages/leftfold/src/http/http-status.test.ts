import { readFileSync } from 'node:fs';
import { InvalidArgumentError, StoreUnavailableError, StreamVersionConflictError } from '@leftfold/core';
import { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from '@leftfold/embedded';
import { expect, test } from 'vitest';
import { httpStatusOf } from './http-status.ts';

const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
const documented = [...page.matchAll(/^\| `([A-Z_]+)`[^|]*\|[^|]*\| (\d+) \|/gm)].map(
  ([, code = '', status]) => [code, Number(status)] as const,
);

test.for(documented)('%s has the status %s, as the page of errors says', ([code, status]) => {
  const error = Object.assign(new Error(), { code, [Symbol.for('leftfold.error')]: true });
  expect(httpStatusOf(error)).toBe(status);
});

test('the page has a status for every code', () => {
  const rows = [...page.matchAll(/^\| `[A-Z_]+`/gm)];
  expect(documented).toHaveLength(rows.length);
  expect(rows.length).toBeGreaterThan(40);
});

test('the page says which errors of the embedded server are retryable', () => {
  const rows = [...page.matchAll(/^\| `(POSTGRES_[A-Z_]+)` \| (yes|no) \|/gm)];
  expect(rows).toHaveLength(8);
  for (const [, code, retryable] of rows)
    expect(new EmbeddedPostgresError(code as EmbeddedPostgresErrorCode, 'x').retryable, code).toBe(
      retryable === 'yes',
    );
});

test('an error has the status of its code, and what is no error of the framework has 500', () => {
  expect(httpStatusOf(new StreamVersionConflictError('account-1', 1, 2))).toBe(412);
  expect(httpStatusOf(InvalidArgumentError.not('a text', 'a', 1))).toBe(400);
  expect(httpStatusOf(new StoreUnavailableError('down'))).toBe(503);
  expect(httpStatusOf(new EmbeddedPostgresError('POSTGRES_STOPPED', 'stopped'))).toBe(500);
  const branded = (code: unknown) => ({ code, [Symbol.for('leftfold.error')]: true });
  const throws = () => {
    throw new Error('of a getter');
  };
  for (const other of [
    branded('OF_A_NEWER_RELEASE'),
    branded('constructor'),
    branded({ toString: throws }),
    branded({ toString: () => 'INVALID_ARGUMENT' }),
    Object.defineProperty(branded(undefined), 'code', { get: throws }),
    new Proxy({}, { get: throws, has: throws }),
    { ...branded(undefined), __proto__: null },
    new Error('x'),
    Object.assign(new Error('x'), { code: 'toString' }),
    null,
    'x',
    7,
  ])
    expect(httpStatusOf(other)).toBe(500);
});
