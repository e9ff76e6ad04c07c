import type { AnyProjection } from '@leftfold/core';

/** How far a projection is, as a transaction sees it. */
export interface CheckpointRow {
  readonly position: string;
  /** True when appends apply the projection themselves: it is never behind. */
  readonly inline: boolean;
}

/** Opens a transaction all of whose statements see one moment. */
export const beginRead = 'begin transaction isolation level repeatable read, read only';

/**
 * Opens such a transaction, and reads the projection's checkpoint of that moment.
 *
 * SQL: three statements in one round trip, which can have no parameters: the names are plain lower-case words by their
 * definitions, and the version is a number. The lock on the tables comes before the snapshot is taken, for a table that
 * is truncated later is empty in older snapshots too; the tables are locked in the order in which a reset locks them.
 */
export function beginAtCheckpoint(
  storeSchema: string,
  tableSchema: string,
  projection: AnyProjection,
): string {
  const { name, version } = projection;
  const tables = projection.tables.map((table) => `"${tableSchema}"."${table.name}"`);
  return `${beginRead};
    lock table ${tables.join(', ')} in access share mode;
    select position::text, inline
      from "${storeSchema}".checkpoints
     where projection = '${name}'
       and version = ${Number(version)}`;
}

/** SQL: a cursor of the transaction; the query's own parameters are bound to it. */
export function declareCursor(query: string): string {
  return `declare leftfold_rows no scroll cursor for ${query}`;
}

export function fetchRows(count: number): string {
  return `fetch forward ${Number(count)} from leftfold_rows`;
}

export const closeCursor = 'close leftfold_rows';
