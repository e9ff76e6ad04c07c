import {
  type AnyRow,
  type Columns,
  type RecordedEvent,
  type Row,
  type TableDefinition,
  type TableProjection,
} from '@leftfold/core';
import { columnsOf, type TableLayout } from '@leftfold/core/column';
import { thrownText } from '@leftfold/core/input';
import { assertSame } from './assert-same.ts';
import { readBy } from './read-by.ts';
import { storedKey, storedRow } from './stored-row.ts';

/** The rows of a table projection after the events, with an assertion. */
export interface ProjectedTable<TColumns extends Columns> {
  /** In the order of their keys. */
  readonly rows: readonly Row<TColumns>[];
  /** @throws AssertionError when the table has other rows; their order does not matter */
  thenRows(expected: readonly Row<TColumns>[]): void;
}

/** @throws TypeError when a handler returns a row that the table cannot store */
export function projectTable<TName extends string, TColumns extends Columns>(
  projection: TableProjection<TName, TColumns>,
  events: readonly RecordedEvent[],
): ProjectedTable<TColumns> {
  const { table } = projection;
  const columns = columnsOf(projection.name, table);
  const rowByKey = new Map<string, AnyRow>();
  for (const current of readBy(projection, events)) {
    const { type, position } = current;
    const at = `"${table.name}", ${type} at position ${position}`;
    // An event changes a row once, even if it gives the row's key several times.
    const keys = new Map(
      projection.keysOf(current).map((given) => {
        const { id, key } = naming(at, () => storedKey(columns, given));
        return [id, key];
      }),
    );
    for (const [id, key] of keys) {
      const before = rowByKey.get(id) ?? naming(at, () => initialRow(projection, columns, key));
      const after = projection.evolve(before, current);
      if (after === null) {
        rowByKey.delete(id);
        continue;
      }
      const row = naming(at, () => storedRow(table, columns, after));
      if (storedKey(columns, row).id !== id) {
        throw new TypeError(`"${table.name}": the handler of ${type} changed the key of row ${id}`);
      }
      rowByKey.set(id, { ...row, ...key });
    }
  }
  // Each row was checked against the columns.
  const rows = sorted(table, [...rowByKey.values()]) as readonly Row<TColumns>[];
  function thenRows(expected: readonly Row<TColumns>[]): void {
    assertSame(rows, sorted(table, expected), `"${table.name}" has other rows`, thenRows);
  }
  return { rows, thenRows };
}

function initialRow(
  { table, initialRow: given }: { readonly table: TableDefinition; readonly initialRow: AnyRow },
  columns: TableLayout,
  key: AnyRow,
): AnyRow {
  return storedRow(table, columns, { ...given, ...key });
}

/** Runs work and adds to its errors which event changes which table. */
function naming<TResult>(at: string, work: () => TResult): TResult {
  try {
    return work();
  } catch (cause) {
    throw new TypeError(`${at}: ${thrownText(cause)}`, { cause });
  }
}

function sorted<TRow extends AnyRow>(table: TableDefinition, rows: readonly TRow[]): readonly TRow[] {
  const byKey = rows.map(
    (row) => [JSON.stringify(table.primaryKey.map((column) => row[column])), row] as const,
  );
  return byKey.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
