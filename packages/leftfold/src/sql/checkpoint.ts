import type { AnyProjection } from '@leftfold/core';
import type { Statement } from '@leftfold/postgres';

/** How far a projection is, as a transaction sees it. */
export interface CheckpointRow {
  readonly position: string;
  /** True when appends apply the projection themselves: it is never behind. */
  readonly inline: boolean;
}

const readOnly = 'begin transaction isolation level repeatable read, read only';

/** Opens a transaction all of whose statements see one moment. */
export const beginRead: Statement = { name: undefined, text: readOnly, values: [] };

/** Ends a transaction that has only read. */
export const endRead: Statement = { name: undefined, text: 'commit', values: [] };

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
): Statement {
  const { name, version } = projection;
  const tables = projection.tables.map((table) => `"${tableSchema}"."${table.name}"`);
  const text = `${readOnly};
    lock table ${tables.join(', ')} in access share mode;
    select position::text, inline
      from "${storeSchema}".checkpoints
     where projection = '${name}'
       and version = ${Number(version)}`;
  return { name: undefined, text, values: [] };
}
