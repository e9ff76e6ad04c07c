import { expect, test } from 'vitest';
import { frozenChanges, recordRelease } from '../scripts/frozen-sql.mjs';

const one = { number: 1, name: '0001-log', sql: 'create table a ()' };
const two = { number: 2, name: '0002-more', sql: 'create table b ()' };
const append = { name: 'append', sql: 'create or replace function append()' };
const released = recordRelease({ migrations: [one], functions: [append] }, [], '1.0.0');

test('before the first release all SQL may change', () => {
  expect(frozenChanges({ migrations: [one], functions: [append] }, [])).toEqual([]);
});

test('unchanged released SQL has no problems', () => {
  expect(frozenChanges({ migrations: [one], functions: [append] }, released)).toEqual([]);
});

test.each([
  ['changed', [{ ...one, sql: 'create table a (id integer)' }]],
  ['renamed', [{ ...one, name: '0001-base' }]],
  ['removed', []],
])('a released migration that was %s is a problem, also before a newer one', (_, migrations) => {
  const problem = 'a migration up to number 1 differs from release 1.0.0; add a new one instead';
  expect(frozenChanges({ migrations, functions: [append] }, released)).toEqual([problem]);
  expect(frozenChanges({ migrations: [...migrations, two], functions: [append] }, released)).toEqual([
    problem,
  ]);
});

test('a changed function needs a new migration, so that databases get it', () => {
  const functions = [{ ...append, sql: `${append.sql} -- other` }];
  expect(frozenChanges({ migrations: [one], functions }, released)).toEqual([
    'a function differs from release 1.0.0; add a migration after number 1, so that databases get the new one',
  ]);
  expect(frozenChanges({ migrations: [one, two], functions }, released)).toEqual([]);
});

test('a second release keeps the frozen SQL of the first one', () => {
  const second = recordRelease({ migrations: [one, two], functions: [] }, released, '1.1.0');
  expect(second.map(({ release, migration }) => [release, migration])).toEqual([
    ['1.0.0', 1],
    ['1.1.0', 2],
  ]);
  expect(frozenChanges({ migrations: [one, two], functions: [] }, second)).toEqual([]);
  expect(frozenChanges({ migrations: [one, two], functions: [append] }, second)).toHaveLength(1);
});
