import { describe, expect, test } from 'vitest';
import type { ColumnType, TableDefinition } from '../projection/columns.ts';
import { columnsOf } from './table-layout.ts';

const table: TableDefinition = {
  name: 'any',
  columns: { id: 'text', note: 'text null', sum: 'bigint', extra: 'jsonb' },
  primaryKey: ['id'],
  indexes: [['note', 'sum']],
};

/** A table of that many columns, all of which are its key. */
function many(count: number): Pick<TableDefinition, 'columns' | 'primaryKey'> {
  const primaryKey = Array.from({ length: count }, (_, index) => `c${index}`);
  return { primaryKey, columns: Object.fromEntries(primaryKey.map((name) => [name, 'text'])) };
}

describe('the columns of a table', () => {
  test('are those of the primary key, and the others', () => {
    const { key, rest } = columnsOf('any', table);
    expect(key.map(({ name }) => name)).toEqual(['id']);
    expect(rest.map(({ name, type, nullable }) => [name, type.name, nullable])).toEqual([
      ['note', 'text', true],
      ['sum', 'bigint', false],
      ['extra', 'jsonb', false],
    ]);
  });

  test.each<[string, Partial<TableDefinition>, string]>([
    [
      'a type that does not exist',
      { columns: { id: 'money' as ColumnType } },
      'is "money"; use one of text, uuid',
    ],
    ['a type of an object', { columns: { id: 'constructor' as ColumnType } }, 'is "constructor"; use one of'],
    ['a key column that does not exist', { primaryKey: ['key'] }, 'names "key", which is no column of it'],
    [
      'a key column that may be null',
      { primaryKey: ['note'] },
      'cannot be part of the key: it is "text null"',
    ],
    ['a key column of JSON', { primaryKey: ['extra'] }, 'cannot be part of the key: it is "jsonb"'],
    [
      'an index of a column that does not exist',
      { indexes: [['owner']] },
      'names "owner", which is no column',
    ],
    [
      'a key without columns',
      { primaryKey: [] },
      'the key of table "any" of projection "any" has no columns',
    ],
    ['a key with a column twice', { primaryKey: ['id', 'sum', 'id'] }, 'names "id" twice; name it once'],
    [
      'an index without columns',
      { indexes: [[]] },
      'an index of table "any" of projection "any" has no columns',
    ],
    ['an index with a column twice', { indexes: [['sum', 'sum']] }, 'names "sum" twice; name it once'],
    ['a key of 33 columns', many(33), 'has 33 columns, the limit is 32'],
    ['1,601 columns', { ...many(1_601), primaryKey: ['c0'] }, 'has 1601 columns, the limit is 1600'],
  ])('are refused for %s', (_, part, message) => {
    expect(() => columnsOf('any', { ...table, indexes: [], ...part })).toThrow(message);
  });
});
