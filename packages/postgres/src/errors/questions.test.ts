import { MissingRightsError, StoreUnavailableError, SubscriptionTimeoutError } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import {
  isConnectionFailure,
  isLockTimeout,
  isLostRace,
  isNotMigrated,
  isOperational,
  isRolledBack,
  isUnknownColumn,
  isWriteRefused,
  leavesSession,
  violatedConstraintOf,
} from './questions.ts';

const withCode = (code: string) => Object.assign(new Error('from the database'), { code });

test('each question is answered by its own codes only', () => {
  const codes = [
    '40001',
    '40P01',
    '55P03',
    '25006',
    '42703',
    '42P01',
    '42883',
    '3F000',
    '57P01',
    '23505',
    'EPIPE',
  ];
  const yes = (question: (thrown: unknown) => boolean) => codes.filter((code) => question(withCode(code)));
  expect(yes(isRolledBack)).toEqual(['40001', '40P01']);
  expect(yes(isLockTimeout)).toEqual(['55P03']);
  expect(yes(leavesSession)).toEqual(['55P03', '23505']);
  expect(yes(isWriteRefused)).toEqual(['25006']);
  expect(yes(isNotMigrated)).toEqual(['42703', '42P01', '42883', '3F000']);
  expect(yes(isUnknownColumn)).toEqual(['42703']);
  expect(yes(isConnectionFailure)).toEqual(['57P01', 'EPIPE']);
  expect(yes((thrown) => isLostRace(thrown, 'leftfold'))).toEqual([]);
});

describe('the state of the database', () => {
  test.each([
    '08006',
    '40001',
    '40P01',
    '42501',
    '53300',
    '53100',
    '55P03',
    '57014',
    '57P01',
    '58030',
    '25006',
    '25P03',
  ])('is the cause of %s', (code) => {
    expect(isOperational(withCode(code))).toBe(true);
  });

  test('is the cause of what the store reports', () => {
    expect(isOperational(new StoreUnavailableError('down'))).toBe(true);
    expect(isOperational(new StoreUnavailableError('down', { cause: withCode('57P01') }))).toBe(true);
    expect(isOperational(new StoreUnavailableError('locked', { cause: withCode('55P03') }))).toBe(true);
    expect(isOperational(new StoreUnavailableError('slow', { cause: withCode('57014') }))).toBe(true);
    expect(isOperational(new StoreUnavailableError('idle', { cause: withCode('25P03') }))).toBe(true);
    expect(isOperational(new SubscriptionTimeoutError({ kind: 'relay', name: 'other' }, 2, 1, 100))).toBe(
      false,
    );
    expect(isOperational(new MissingRightsError('leftfold', { cause: withCode('42501') }))).toBe(true);
  });

  test.each(['23505', '22003', '42P01', 'ECONNREFUSED', 'E_MINE'])('is not the cause of %s', (code) => {
    expect(isOperational(withCode(code))).toBe(false);
    expect(isOperational(new Error(code))).toBe(false);
    expect(isOperational(code)).toBe(false);
  });
});

test('a constraint that was violated is named, "not null" by its column', () => {
  const place = { schema: 'leftfold__owners_v1', table: 'owners' };
  const violatedBy = (code: string, more: object) =>
    violatedConstraintOf(Object.assign(withCode(code), place, more));
  expect(violatedBy('23505', { constraint: 'owners_pkey' })).toEqual({ ...place, constraint: 'owners_pkey' });
  expect(violatedBy('23502', { column: 'owner' })).toEqual({ ...place, constraint: 'owners_owner_not_null' });
  expect(violatedBy('23502', {})).toBeUndefined();
  expect(violatedBy('22003', { column: 'owner' })).toBeUndefined();
});
