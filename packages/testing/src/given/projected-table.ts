import {
  type AnyRow,
  type Columns,
  EventCatalog,
  type RecordedEvent,
  type Row,
  type TableDefinition,
  type TableProjection,
} from '@leftfold/core';
import { assertSame } from './assert-same.ts';
import { assertRow } from './row-fits.ts';

/** The rows of a table projection after the events, and what a test may say of them. */
export interface ProjectedTable<TColumns extends Columns> {
  /** In the order of their keys. */
  readonly rows: readonly Row<TColumns>[];
  /** @throws AssertionError when the table has other rows; their order does not matter */
  thenRows(expected: readonly Row<TColumns>[]): void;
}

/** @throws TypeError when a handler puts out a row that the table could not hold */
export function projectTable<TName extends string, TColumns extends Columns>(
  projection: TableProjection<TName, TColumns>,
  events: readonly RecordedEvent[],
): ProjectedTable<TColumns> {
  const { table } = projection;
  const catalog = new EventCatalog(projection.events);
  const rowByKey = new Map<string, AnyRow>();
  for (const event of events) {
    if (!projection.eventTypes.includes(event.type)) continue;
    const current = { ...event, ...catalog.upcast(event, true) };
    // An event changes a row once, however often its key is named.
    const keys = new Map(projection.keysOf(current).map((key) => [keyOf(table, key), key]));
    for (const [name, key] of keys) {
      const before = rowByKey.get(name) ?? { ...projection.initialRow, ...key };
      const after = projection.evolve(before, current);
      if (after === null) {
        rowByKey.delete(name);
        continue;
      }
      assertRow(table, after, `${event.type} at position ${event.position}`);
      if (keyOf(table, after) !== name) {
        throw new TypeError(`"${table.name}": the handler of ${event.type} changed the key of row ${name}`);
      }
      rowByKey.set(name, after);
    }
  }
  // Each row was checked against the columns.
  const rows = sorted(table, [...rowByKey.values()]) as readonly Row<TColumns>[];
  function thenRows(expected: readonly Row<TColumns>[]): void {
    assertSame(rows, sorted(table, expected), `"${table.name}" has other rows`, thenRows);
  }
  return { rows, thenRows };
}

function keyOf(table: TableDefinition, row: AnyRow): string {
  return JSON.stringify(table.primaryKey.map((column) => row[column]));
}

function sorted<TRow extends AnyRow>(table: TableDefinition, rows: readonly TRow[]): readonly TRow[] {
  const byKey = rows.map((row) => [keyOf(table, row), row] as const);
  return byKey.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
