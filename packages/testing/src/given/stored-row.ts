import type { AnyRow, TableDefinition } from '@leftfold/core';
import { encodeColumn, encodeKeyColumn, type TableColumn, tableColumn } from '@leftfold/core/column';

/** The columns of a table, with what their types mean. */
export interface TableColumns {
  readonly all: readonly TableColumn[];
  /** Those of the primary key. */
  readonly key: readonly TableColumn[];
}

/** @throws TypeError for a column whose type does not exist. */
export function columnsOf(table: TableDefinition): TableColumns {
  const all = Object.entries(table.columns).map(([name, declared]) => {
    const column = tableColumn(name, declared);
    if (column === undefined)
      throw new TypeError(
        `"${table.name}": column "${name}" has the type "${declared}", which does not exist`,
      );
    return column;
  });
  return { all, key: all.filter(({ name }) => table.primaryKey.includes(name)) };
}

/**
 * A row as it will be read back from its table.
 *
 * @throws TypeError where the table would refuse the row: an unknown or missing column, a value that is none of its type.
 */
export function storedRow(table: TableDefinition, { all }: TableColumns, row: AnyRow): AnyRow {
  for (const name of Object.keys(row)) {
    if (!Object.hasOwn(table.columns, name)) throw new TypeError(`there is no column "${name}"`);
  }
  return Object.fromEntries(
    all.map((column) => {
      const isNull = encodeColumn(column, row) === null;
      // Encoding it has shown that there is a value.
      return [column.name, isNull ? null : column.type.asStored(row[column.name]!)];
    }),
  );
}

/**
 * The key of a row in one form, and a text that is the same for equal keys.
 *
 * @throws TypeError for a value that cannot be part of the key.
 */
export function storedKey({ key }: TableColumns, row: AnyRow): { readonly id: string; readonly key: AnyRow } {
  const texts = key.map((column) => encodeKeyColumn(column, row));
  // Encoding them has shown that there are values.
  const values = key.map(({ name, type }) => [name, type.asKey(row[name]!)] as const);
  return { id: JSON.stringify(texts), key: Object.fromEntries(values) };
}
