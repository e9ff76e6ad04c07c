import type { AnyRow, TableDefinition } from '@leftfold/core';
import { encodeColumn, encodeKeyColumn, type TableLayout } from '@leftfold/core/column';

/**
 * Converts a row to the form in which it is read back from its table.
 *
 * @throws TypeError when the table cannot store the row: a column is unknown or missing, or has a value of another type.
 */
export function storedRow(table: TableDefinition, { key, rest }: TableLayout, row: AnyRow): AnyRow {
  for (const name of Object.keys(row)) {
    if (!Object.hasOwn(table.columns, name)) throw new TypeError(`there is no column "${name}"`);
  }
  return Object.fromEntries(
    [...key, ...rest].map((column) => {
      const isNull = encodeColumn(column, row) === null;
      // Not undefined, since it was encoded.
      return [column.name, isNull ? null : column.type.asStored(row[column.name]!)];
    }),
  );
}

/**
 * The key of a row in the form of all equal keys, and a text that identifies it.
 *
 * @throws TypeError when a value cannot be part of the key.
 */
export function storedKey({ key }: TableLayout, row: AnyRow): { readonly id: string; readonly key: AnyRow } {
  const texts = key.map((column) => encodeKeyColumn(column, row));
  // Not undefined, since they were encoded.
  const values = key.map(({ name, type }) => [name, type.asKey(row[name]!)] as const);
  return { id: JSON.stringify(texts), key: Object.fromEntries(values) };
}
