import type { AnyProjection } from '@leftfold/core';
import { tokenColumns, type TokenRow } from '@leftfold/event-store';
import { asideColumn, type ReachedRow } from '@leftfold/subscriptions';
import type { Statement } from '@leftfold/postgres';

/** A projection's checkpoint in the snapshot of a transaction; of several slices, the one that is behind the others. */
export interface CheckpointRow {
  readonly position: number;
  /** True when appends apply the projection: it has applied every position. */
  readonly inline: boolean;
  /** Whether the projection has reached the high-water mark since it began or was reset. */
  readonly caught_up: boolean;
  readonly definition_hash: string;
}

/** With what the log has at the position of a token. */
export type CheckpointAndToken = CheckpointRow & TokenRow & Pick<ReachedRow, 'aside'>;

const readOnly = 'begin transaction isolation level repeatable read, read only';

/** Begins a transaction whose statements all read one snapshot. */
export const beginRead: Statement = { name: undefined, text: readOnly, values: [] };

/** Begins a transaction for one statement: of read committed, as no second one has to read its snapshot. */
export const beginReadOnly: Statement = {
  name: undefined,
  text: 'begin transaction isolation level read committed, read only',
  values: [],
};

/** Ends a transaction that has only read. */
export const endRead: Statement = { name: undefined, text: 'commit', values: [] };

/**
 * Reads a projection's checkpoint. Its values are in the text: definitions allow only plain lower-case names, and the
 * version is a number.
 *
 * SQL: one SELECT by the primary key's beginning.
 */
export function selectCheckpoint(storeSchema: string, projection: AnyProjection): Statement {
  return {
    name: `leftfold checkpoint ${storeSchema} ${projection.name} ${projection.version}`,
    text: checkpointText(storeSchema, projection),
    values: [],
  };
}

function checkpointText(storeSchema: string, { name, version }: AnyProjection, columns = ''): string {
  return `select slices.*${columns}
      from (select min(position) as position,
                   bool_and(inline) as inline,
                   bool_and(caught_up_at is not null) as caught_up,
                   min(definition_hash) as definition_hash
              from "${storeSchema}".subscriptions
             where name = '${name}'
               and version = ${Number(version)}) as slices
     where slices.position is not null`;
}

/**
 * Begins such a transaction, and reads the projection's checkpoint and what the log has at a position in its snapshot.
 *
 * SQL: three statements in one round trip, which cannot have parameters. The tables are locked before the snapshot is
 * taken, because a table that is truncated later is empty in older snapshots too. They are locked in the order in which
 * a reset locks them.
 */
export function beginAtCheckpoint(
  storeSchema: string,
  tableSchema: string,
  projection: AnyProjection,
  position: number,
): Statement {
  const tables = projection.tables.map((table) => `"${tableSchema}"."${table.name}"`);
  const place = String(Number(position));
  const aside = {
    name: `'${projection.name}'`,
    version: String(Number(projection.version)),
    position: place,
  };
  const text = `${readOnly};
    lock table ${tables.join(', ')} in access share mode;
    ${checkpointText(storeSchema, projection, `, ${tokenColumns(storeSchema, place)}, ${asideColumn(storeSchema, aside)}`)}`;
  return { name: undefined, text, values: [] };
}
