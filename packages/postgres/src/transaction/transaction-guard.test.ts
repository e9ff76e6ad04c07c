import { describe, expect, test } from 'vitest';
import { TransactionGuard } from './transaction-guard.ts';

const INSIDE = 'T';
const OUTSIDE = 'I';

describe('statements of a handler', () => {
  test.each([
    'commit',
    ' COMMIT and chain',
    '-- done\ncommit',
    '/* a * b */ end',
    'abort',
    'rollback',
    'rollback work',
    'begin isolation level serializable',
    'start transaction',
    "prepare transaction 'x'",
    '; commit',
    'select 1; commit',
    "select 'a'; /* b */ rollback; select 2",
    '/* /* */ */ commit',
    "/* it's */ commit",
  ])('must not begin or end a transaction: %s', (text) => {
    expect(() => new TransactionGuard().assertInside(text, INSIDE)).toThrow('begins or ends a transaction');
  });

  test.each([
    'rollback to a',
    'ROLLBACK WORK TO SAVEPOINT a',
    'savepoint a',
    'release savepoint a',
    'prepare one as select 1',
    'select 1 as commit',
    'insert into ends values (1)',
    'do $$ begin perform 1; end $$',
    'do $a$ begin perform $$; commit$$; end $a$',
    "insert into notes values ('; commit'); select 1;",
    'select 1 as "; end"; select 2 -- ; commit',
    'select 1; rollback to a',
    'select 1; /* ; commit */ select 2',
  ])('may be within one: %s', (text) => {
    const guard = new TransactionGuard();
    guard.assertInside(text, INSIDE);
    expect(guard.isSessionChanged).toBe(false);
  });

  test.each([
    // Where a quote is escaped, the statement looks like a part of a literal.
    [String.raw`select E'\''; commit; select ''`, [{ command: 'SELECT' }, { command: 'COMMIT' }], INSIDE],
    [
      String.raw`select E'\''; rollback; select ''`,
      [{ command: 'SELECT' }, { command: 'ROLLBACK' }],
      OUTSIDE,
    ],
    [String.raw`select E'\''; commit; select ''`, { command: 'COMMIT' }, OUTSIDE],
  ])('are found out when they end it all the same: %s', (text, answer, status) => {
    const guard = new TransactionGuard();
    guard.assertInside(text, INSIDE);
    expect(() => guard.watch(text, answer, status)).toThrow('begins or ends a transaction');
    expect(() => guard.assertNotEnded()).toThrow('begins or ends a transaction');
  });

  test('are not sent when it has ended', () => {
    expect(() => new TransactionGuard().assertInside('select 1', OUTSIDE)).toThrow('begins or ends');
  });

  test('may be several', () => {
    const guard = new TransactionGuard();
    const answer = ['SAVEPOINT', 'SELECT', 'ROLLBACK'].map((command) => ({ command }));
    guard.watch('savepoint a; select 1; rollback to a', answer, INSIDE);
    guard.assertNotEnded();
    expect(guard.isSessionChanged).toBe(false);
  });

  test.each([
    ['set role other', 'SET', true],
    ['set local role other', 'SET', false],
    ['set constraints all deferred', 'SET', false],
    ['reset all', 'RESET', true],
    ['deallocate all', 'DEALLOCATE', true],
    ['listen a', 'LISTEN', true],
    ["select set_config('role', 'other', false)", 'SELECT', true],
    ["select set_config('app.tenant', $1, true)", 'SELECT', false],
    ['select pg_advisory_lock(1)', 'SELECT', true],
    ['select pg_advisory_xact_lock(1)', 'SELECT', false],
    ['create temp table a (b integer)', 'CREATE', true],
    ['select temp from weather', 'SELECT', false],
  ])('that last are known: %s', (text, command, changed) => {
    const guard = new TransactionGuard();
    guard.watch(text, { command }, INSIDE);
    expect(guard.isSessionChanged).toBe(changed);
  });
});
