import { MissingRightsError, ProjectionTimeoutError, StoreUnavailableError } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { isOperational } from './error.ts';

const withCode = (code: string) => Object.assign(new Error('from the database'), { code });

describe('the database’s own state', () => {
  test.each(['08006', '40001', '40P01', '53300', '53100', '57P01', '57P03', '58030', '25006'])(
    'is the cause of %s',
    (code) => {
      expect(isOperational(withCode(code))).toBe(true);
    },
  );

  test('is the cause of what the store says is unavailable', () => {
    expect(isOperational(new StoreUnavailableError('down'))).toBe(true);
    expect(isOperational(new StoreUnavailableError('down', { cause: withCode('57P01') }))).toBe(true);
    expect(isOperational(new StoreUnavailableError('too slow', { cause: withCode('57014') }))).toBe(false);
    expect(isOperational(new ProjectionTimeoutError('other', 2, 1, 100))).toBe(false);
    expect(isOperational(new MissingRightsError('leftfold'))).toBe(false);
  });

  test.each(['23505', '22003', '42P01', '57014', 'ECONNREFUSED', 'E_MINE'])(
    'is not the cause of %s',
    (code) => {
      expect(isOperational(withCode(code))).toBe(false);
      expect(isOperational(new Error(code))).toBe(false);
      expect(isOperational(code)).toBe(false);
    },
  );
});
