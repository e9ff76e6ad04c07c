import { describe, expect, test } from 'vitest';
import type { Fault, Retry } from './failure.ts';
import { failureTable } from './failure-table.ts';
import { failureOf } from './failure-of.ts';
import { notConnected } from './not-connected.ts';
import { toLeftfoldError } from './to-leftfold-error.ts';

/** An error as pg throws it when the server itself refuses something. */
function fromServer(code: string, fields: object = {}): Error {
  return Object.assign(new Error('from the server'), { code, routine: 'exec_simple_query', ...fields });
}

/** Code, fault, retry, whether a subscription waits, and the code of the error that a caller gets. */
type Row = readonly [string, Fault, Retry, 'passing' | 'lasting', string | undefined];

const rows: readonly Row[] = [
  ['01000', 'statement', 'never', 'lasting', undefined],
  ['02000', 'statement', 'never', 'lasting', undefined],
  ['03000', 'statement', 'never', 'lasting', undefined],
  ['08000', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08001', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08003', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08004', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08006', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08007', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['08P01', 'statement', 'never', 'lasting', undefined],
  ['09000', 'statement', 'never', 'lasting', undefined],
  ['0A000', 'statement', 'never', 'lasting', undefined],
  ['0B000', 'statement', 'never', 'lasting', undefined],
  ['0F001', 'statement', 'never', 'lasting', undefined],
  ['0L000', 'statement', 'never', 'lasting', undefined],
  ['0P000', 'statement', 'never', 'lasting', undefined],
  ['0Z002', 'statement', 'never', 'lasting', undefined],
  ['10608', 'statement', 'never', 'lasting', undefined],
  ['20000', 'statement', 'never', 'lasting', undefined],
  ['21000', 'request', 'never', 'lasting', undefined],
  ['22003', 'request', 'never', 'lasting', undefined],
  ['22023', 'request', 'never', 'lasting', undefined],
  ['22P02', 'request', 'never', 'lasting', undefined],
  ['23502', 'request', 'never', 'lasting', undefined],
  ['23503', 'request', 'never', 'lasting', undefined],
  ['23505', 'request', 'never', 'lasting', undefined],
  ['23514', 'request', 'never', 'lasting', undefined],
  ['23P01', 'request', 'never', 'lasting', undefined],
  ['24000', 'statement', 'never', 'lasting', undefined],
  ['25001', 'statement', 'never', 'lasting', undefined],
  ['25006', 'configuration', 'never', 'passing', 'READ_ONLY_DATABASE'],
  ['25P02', 'statement', 'never', 'lasting', 'TRANSACTION_ROLLED_BACK'],
  ['25P03', 'statement', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['25P04', 'statement', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['26000', 'configuration', 'never', 'passing', 'STORE_UNAVAILABLE'],
  ['27000', 'request', 'never', 'lasting', undefined],
  ['28000', 'configuration', 'never', 'passing', 'LOGIN_REFUSED'],
  ['28P01', 'configuration', 'never', 'passing', 'LOGIN_REFUSED'],
  ['2B000', 'statement', 'never', 'lasting', undefined],
  ['2BP01', 'statement', 'never', 'lasting', undefined],
  ['2D000', 'statement', 'never', 'lasting', undefined],
  ['2F003', 'statement', 'never', 'lasting', undefined],
  ['34000', 'statement', 'never', 'lasting', undefined],
  ['38001', 'statement', 'never', 'lasting', undefined],
  ['39P01', 'statement', 'never', 'lasting', undefined],
  ['3B001', 'statement', 'never', 'lasting', undefined],
  ['3D000', 'configuration', 'never', 'passing', 'LOGIN_REFUSED'],
  ['3F000', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['40000', 'database', 'never', 'passing', undefined],
  ['40001', 'transaction', 'at-once', 'passing', 'STORE_UNAVAILABLE'],
  ['40002', 'database', 'never', 'passing', undefined],
  ['40003', 'database', 'never', 'passing', undefined],
  ['40P01', 'transaction', 'at-once', 'passing', 'STORE_UNAVAILABLE'],
  ['42501', 'configuration', 'never', 'passing', 'MISSING_RIGHTS'],
  ['42601', 'statement', 'never', 'lasting', undefined],
  ['42703', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['42710', 'statement', 'never', 'lasting', undefined],
  ['42883', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['42P01', 'configuration', 'never', 'lasting', 'SCHEMA_NOT_MIGRATED'],
  ['42P05', 'configuration', 'never', 'passing', 'STORE_UNAVAILABLE'],
  ['44000', 'request', 'never', 'lasting', undefined],
  ['53000', 'database', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['53100', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['53200', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['53300', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['53400', 'database', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['54000', 'request', 'never', 'lasting', undefined],
  ['54001', 'request', 'never', 'lasting', undefined],
  ['55000', 'statement', 'never', 'lasting', undefined],
  ['55006', 'statement', 'never', 'lasting', undefined],
  ['55P03', 'transaction', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['57000', 'database', 'never', 'passing', undefined],
  ['57014', 'statement', 'later', 'passing', 'STORE_UNAVAILABLE'],
  ['57P01', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['57P02', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['57P03', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['57P04', 'database', 'never', 'passing', undefined],
  ['57P05', 'database', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['58030', 'database', 'never', 'passing', undefined],
  ['58P01', 'database', 'never', 'passing', undefined],
  ['72000', 'transaction', 'at-once', 'passing', 'STORE_UNAVAILABLE'],
  ['F0000', 'database', 'never', 'passing', undefined],
  ['HV00N', 'statement', 'never', 'lasting', undefined],
  ['P0001', 'request', 'never', 'lasting', undefined],
  ['P0002', 'request', 'never', 'lasting', undefined],
  ['P0004', 'request', 'never', 'lasting', undefined],
  ['LF004', 'configuration', 'never', 'passing', 'WRONG_ISOLATION_LEVEL'],
  ['LF005', 'configuration', 'never', 'passing', 'READ_ONLY_DATABASE'],
  // Without the detail that the log gives.
  ['LF007', 'request', 'never', 'lasting', undefined],
  ['LF008', 'configuration', 'never', 'passing', 'SEQUENCE_BEHIND'],
  ['XX000', 'database', 'at-once', 'lasting', 'STORE_UNAVAILABLE'],
  ['XX001', 'database', 'never', 'lasting', undefined],
  ['XX002', 'database', 'never', 'lasting', undefined],
  // Of sockets and TLS.
  ['CONNECTION_LOST', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['NOT_CONNECTED', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['NO_ANSWER', 'network', 'reconnect', 'passing', 'STORE_UNAVAILABLE'],
  ['EADDRNOTAVAIL', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EAI_AGAIN', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EAI_FAIL', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EAI_NODATA', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ECONNABORTED', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ECONNREFUSED', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ECONNRESET', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EHOSTDOWN', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EHOSTUNREACH', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EMFILE', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENETDOWN', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENETRESET', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENETUNREACH', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENFILE', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENOBUFS', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENOENT', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ENOTFOUND', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EPIPE', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ERR_SOCKET_CLOSED', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ERR_STREAM_DESTROYED', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ERR_STREAM_WRITE_AFTER_END', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['ETIMEDOUT', 'network', 'reconnect', 'lasting', 'STORE_UNAVAILABLE'],
  ['EPROTO', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['CERT_HAS_EXPIRED', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['CERT_NOT_YET_VALID', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['CERT_REJECTED', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['CERT_REVOKED', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['CERT_SIGNATURE_FAILURE', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['CERT_UNTRUSTED', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['HOSTNAME_MISMATCH', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['INVALID_CA', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['INVALID_PURPOSE', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'configuration', 'never', 'lasting', 'STORE_UNAVAILABLE'],
  // Not in the table.
  ['99999', 'statement', 'never', 'lasting', undefined],
  ['E_MINE', 'statement', 'never', 'lasting', undefined],
  ['constructor', 'statement', 'never', 'lasting', undefined],
];

/** Classes of the appendix on error codes, of PostgreSQL 15 to 18, but for the one of success. */
const classes =
  '01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX';

test.each(rows)('%s is the fault of the %s, is tried again %s, is %s, and becomes %s', (...row) => {
  const [code, fault, retry, duration, becomes] = row;
  const thrown = fromServer(code);
  expect(failureOf(thrown)).toMatchObject({ fault, retry, passing: duration === 'passing' });
  if (becomes === undefined) expect(toLeftfoldError(thrown, 'leftfold')).toBe(thrown);
  else expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: becomes, cause: thrown });
});

test('every key of the table, and every class of SQLSTATE, has a row here', () => {
  const tested = rows.map(([code]) => code);
  expect(classes.split(' ').filter((one) => !tested.some((code) => code.startsWith(one)))).toEqual([]);
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

  test.each(['events_stream_version_key', 'events_event_id_key'])(
    'of %s is a lost race in its own schema only',
    (constraint) => {
      const thrown = fromServer('23505', { ...violation, constraint });
      expect(failureOf(thrown, 'leftfold')).toMatchObject({
        name: 'lost-race',
        fault: 'transaction',
        retry: 'at-once',
      });
      expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: thrown });
      expect(failureOf(thrown, 'elsewhere').name).toBe('constraint-violated');
      expect(failureOf(thrown).name).toBe('constraint-violated');
    },
  );

  test('of the positions tells that the sequence is behind, in its own schema only', () => {
    const thrown = fromServer('23505', { ...violation, constraint: 'events_pkey' });
    expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: 'SEQUENCE_BEHIND', cause: thrown });
    expect(failureOf(thrown, 'elsewhere').name).toBe('constraint-violated');
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

  test('no free connection in the pool is told from a server that cannot be reached', () => {
    const thrown = new Error('timeout exceeded when trying to connect');
    expect(failureOf(thrown).retry).toBe('reconnect');
    expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('all connections of the pool were in use'),
    });
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

test('a connection that a transaction did not get is waited for, and keeps its message', () => {
  for (const thrown of [
    new Error('Connection terminated'),
    fromServer('ECONNREFUSED'),
    fromServer('EMFILE'),
  ]) {
    const wrapped = notConnected(thrown);
    expect(failureOf(wrapped)).toMatchObject({ retry: 'reconnect', passing: true });
    expect((wrapped as Error).message).toBe((toLeftfoldError(thrown, '') as Error).message);
  }
  const refused = fromServer('28P01');
  expect(notConnected(refused)).toBe(refused);
});

test('a database that takes no connections now is waited for', () => {
  const thrown = fromServer('55000', { routine: 'CheckMyDatabase' });
  expect(failureOf(thrown)).toMatchObject({ fault: 'configuration', passing: true });
  expect(toLeftfoldError(thrown, 'leftfold')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

test('a prepared statement that no longer fits its table is prepared anew at once', () => {
  const thrown = fromServer('0A000', { routine: 'RevalidateCachedQuery' });
  expect(failureOf(thrown)).toMatchObject({ name: 'stale-plan', retry: 'at-once', passing: true });
});
