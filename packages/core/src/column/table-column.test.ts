import { expect, test } from 'vitest';
import type { ColumnType } from '../projection/columns.ts';
import { sqlTypes } from './sql-types.ts';
import { decodeColumn, encodeColumn, encodeKeyColumn, tableColumn } from './table-column.ts';

const sum = tableColumn('sum', 'bigint')!;
const note = tableColumn('note', 'text null')!;

test('a column has the type of its definition, and may be null if declared so', () => {
  expect(sum).toEqual({ name: 'sum', type: sqlTypes.bigint, nullable: false });
  expect(note).toEqual({ name: 'note', type: sqlTypes.text, nullable: true });
  expect(encodeColumn(note, { note: null })).toBeNull();
  expect(decodeColumn(note, null)).toBeNull();
  expect(decodeColumn(sum, '7')).toBe(7);
});

test('an unknown type is not a column type, nor is the name of an object’s property', () => {
  for (const declared of ['money', 'text  null', 'constructor', '__proto__', ''])
    expect(tableColumn('sum', declared as ColumnType)).toBeUndefined();
});

test('a value that is missing or cannot be stored is reported with its column', () => {
  expect(() => encodeColumn(sum, { sum: null })).toThrow('column "sum": expected a number, got null');
  expect(() => encodeColumn(sum, {})).toThrow('column "sum": expected a number, got undefined');
  expect(() => encodeKeyColumn(sum, { sum: 0.5 })).toThrow('column "sum": expected a whole number');
});
