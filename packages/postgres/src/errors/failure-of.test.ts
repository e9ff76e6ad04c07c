import { describe, expect, test } from 'vitest';
import type { Fault, Retry } from './failure.ts';
import { constraintTable, failureTable } from './failure-table.ts';
import { failureOf } from './failure-of.ts';
import { toLeftfoldError } from './to-leftfold-error.ts';

/** An error as pg throws it when the server itself refuses something. */
function fromServer(code: string, fields: object = {}): Error {
  return Object.assign(new Error('from the server'), { code, routine: 'exec_simple_query', ...fields });
}

/** Code, fault, retry, whether a subscription waits, and the code of the error that a caller gets. */
type Row = readonly [string, Fault, Retry, 'passing' | 'lasting', string | undefined];

const rows: readonly Row[] = [
  ['08000', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08006', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08P01', 'statement', 'never', 'lasting', undefined],
  ['0A000', 'statement', 'never', 'lasting', undefined],
  ['22003', 'request', 'never', 'lasting', undefined],
  ['23505', 'request', 'never', 'lasting', undefined],
  ['25001', 'statement', 'never', 'lasting', undefined],
  ['25P02', 'statement', 'never', 'lasting', 'TRANSACTION_ROLLED_BACK'],
  ['25006', 'configuration', 'never', 'passing', 'READ_ONLY_DATABASE'],
  ['25P03', 'statement', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['28000', 'configuration', 'never', 'passing', 'LOGIN_REFUSED'],
  ['28P01', 'configuration', 'never', 'passing', 'LOGIN_REFUSED'],
  ['3D000', 'configuration', 'never', 'passing', 'LOGIN_REFUSED'],
  ['3F000', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['40000', 'database', 'never', 'passing', undefined],
  ['40001', 'transaction', 'at-once', 'passing', 'STORE_UNAVAILABLE'],
  ['40P01', 'transaction', 'at-once', 'passing', 'STORE_UNAVAILABLE'],
  ['42501', 'configuration', 'never', 'passing', 'MISSING_RIGHTS'],
  ['42601', 'statement', 'never', 'lasting', undefined],
  ['42703', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['42883', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['42P01', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['53000', 'database', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['53100', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['53200', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['53300', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['54000', 'request', 'never', 'lasting', undefined],
  ['55000', 'statement', 'never', 'lasting', undefined],
  ['55P03', 'transaction', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['57014', 'statement', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['57P01', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['57P02', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['57P03', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['57P04', 'database', 'never', 'passing', undefined],
  ['57P05', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['58030', 'database', 'never', 'passing', undefined],
  ['LF004', 'configuration', 'never', 'passing', 'WRONG_ISOLATION_LEVEL'],
  ['LF005', 'configuration', 'never', 'passing', 'READ_ONLY_DATABASE'],
  ['XX000', 'database', 'at-once', 'lasting', 'STORE_UNAVAILABLE'],
  ['XX001', 'database', 'never', 'lasting', undefined],
  ['CONNECTION_LOST', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['NO_ANSWER', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['EAI_AGAIN', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ECONNABORTED', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ECONNREFUSED', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ECONNRESET', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EHOSTUNREACH', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENETUNREACH', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENOENT', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENOTFOUND', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EPIPE', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ETIMEDOUT', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  // Not in the table.
  ['99999', 'statement', 'never', 'lasting', undefined],
  ['E_MINE', 'statement', 'never', 'lasting', undefined],
  ['constructor', 'statement', 'never', 'lasting', undefined],
];

test.each(rows)('%s is the fault of the %s, is tried again %s, is %s, and becomes %s', (...row) => {
  const [code, fault, retry, duration, becomes] = row;
  const thrown = fromServer(code);
  expect(failureOf(thrown)).toMatchObject({ fault, retry, passing: duration === 'passing' });
  if (becomes === undefined) expect(toLeftfoldError(thrown, 'leftfold')).toBe(thrown);
  else expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: becomes, cause: thrown });
});

test('every key of the table, and every class of SQLSTATE in it, has a row here', () => {
  const tested = rows.map(([code]) => code);
  const untested = Object.keys(failureTable).filter(
    (key) => !tested.some((code) => code === key || (key.length === 2 && code.startsWith(key))),
  );
  expect(untested).toEqual([]);
});

test('a missing right names its object, unless a function of the user raised it', () => {
  const denied = (routine: string) =>
    Object.assign(new Error('permission denied for x'), { code: '42501', routine });
  expect(toLeftfoldError(denied('aclcheck_error'), 'leftfold')).toMatchObject({
    code: 'MISSING_RIGHTS',
    message: expect.stringContaining('permission denied for x'),
  });
  expect(toLeftfoldError(denied('exec_stmt_raise'), 'leftfold')).toMatchObject({
    message: expect.not.stringContaining('permission denied for x'),
  });
});

describe('a unique violation', () => {
  const violation = { schema: 'leftfold', table: 'events', constraint: 'events_stream_version_key' };

  test.each(Object.keys(constraintTable))('of %s is a lost race in its own schema only', (key) => {
    const [table, constraint] = key.split('.');
    const thrown = fromServer('23505', { schema: 'leftfold', table, constraint });
    expect(failureOf(thrown, 'leftfold')).toMatchObject({
      name: 'lost-race',
      fault: 'transaction',
      retry: 'at-once',
    });
    expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: thrown });
    expect(failureOf(thrown, 'elsewhere').name).toBe('constraint-violated');
    expect(failureOf(thrown).name).toBe('constraint-violated');
  });

  test('of a read model is the fault of the request', () => {
    for (const other of [{ table: 'balances' }, { constraint: 'balances_pkey' }, { schema: 'public' }]) {
      const thrown = fromServer('23505', { ...violation, ...other });
      expect(failureOf(thrown, 'leftfold')).toMatchObject({ fault: 'request', retry: 'never' });
    }
  });
});

describe('without a code', () => {
  test('a bare Error is a connection that broke', () => {
    const thrown = new Error('Connection terminated unexpectedly');
    expect(failureOf(thrown)).toMatchObject({ fault: 'network', retry: 'reconnect', passing: false });
    expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: thrown });
  });

  test('several addresses that were tried are an unreachable server when one of them was', () => {
    const refused = fromServer('ECONNREFUSED');
    expect(failureOf(new AggregateError([new TypeError('x'), refused])).retry).toBe('reconnect');
    expect(failureOf(new AggregateError([new TypeError('x')])).retry).toBe('never');
  });

  test('an error of another class, a text and nothing are not known', () => {
    for (const thrown of [new TypeError('mine'), 'ECONNREFUSED', null, undefined, { code: 8006 }]) {
      expect(failureOf(thrown)).toMatchObject({ fault: 'statement', retry: 'never', passing: false });
      expect(toLeftfoldError(thrown, 'leftfold')).toBe(thrown);
    }
  });
});

test('a protocol violation that a pooler reports is a connection failure', () => {
  const thrown = Object.assign(new Error('query_wait_timeout'), { code: '08P01' });
  expect(failureOf(thrown)).toMatchObject({ fault: 'network', retry: 'reconnect', passing: true });
});

test('a prepared statement that no longer fits its table is prepared anew at once', () => {
  const thrown = fromServer('0A000', { routine: 'RevalidateCachedQuery' });
  expect(failureOf(thrown)).toMatchObject({ name: 'stale-plan', retry: 'at-once', passing: true });
});
