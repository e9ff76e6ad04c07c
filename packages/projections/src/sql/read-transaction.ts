import type { AnyProjection } from '@leftfold/core';
import { tokenColumns, type TokenRow } from '@leftfold/event-store';
import { asideColumn, type ReachedRow } from '@leftfold/subscriptions';
import { idleLimitAtLeast, type Statement } from '@leftfold/postgres';
import type { ServingTables } from './serving-tables.ts';
import { projectionSchema } from '../tables/projection-schema.ts';

/** A projection's checkpoint in the snapshot of a transaction; of several slices, the one that is behind the others. */
export interface CheckpointRow {
  readonly position: number;
  /** True when appends apply the projection: it has applied every position. */
  readonly inline: boolean;
  /** Whether the projection has reached the high-water mark since it began or was reset. */
  readonly caught_up: boolean;
  readonly definition_hash: string;
}

/** With what the log has at the position of a token, and the last event that the projection's rows may show. */
export type SnapshotRow = CheckpointRow &
  TokenRow &
  Pick<ReachedRow, 'aside'> & {
    /** Which of the projections, from 1. */
    readonly number: number;
    /** Null at the beginning of the log. */
    readonly read_position: number | null;
    readonly read_event_id: string | null;
    /** Keys whose events are set aside; absent when they are not counted. */
    readonly parked_keys?: number;
    /** Those that serve, see `ServingTables`. */
    readonly tables: string;
  };

const readOnly = 'begin transaction isolation level repeatable read, read only';

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
    text: `select slices.position, slices.inline, slices.caught_up, slices.definition_hash
             from ${slicesOf(storeSchema, projection)} as slices
            where slices.position is not null`,
    values: [],
  };
}

function slicesOf(storeSchema: string, { name, version }: AnyProjection): string {
  return `(select min(position) as position,
                  max(position) as foremost,
                  bool_and(inline) as inline,
                  bool_and(caught_up_at is not null) as caught_up,
                  min(definition_hash) as definition_hash
             from "${storeSchema}".subscriptions
            where name = '${name}'
              and version = ${Number(version)})`;
}

/** What {@link beginSnapshot} reads, and for how long it may wait. */
export interface BeginSnapshot {
  /** The place in the log that is looked at. */
  readonly position: number;
  readonly serving: ServingTables;
  /** Whether the parked keys of each projection are counted. */
  readonly countsParked: boolean;
  /** Milliseconds to wait for each lock of a table. @default the role's `lock_timeout` */
  readonly lockMs?: number | undefined;
  /** Milliseconds for which the transaction may be idle. @default the role's limit, if that is not below 5 seconds */
  readonly idleMs?: number | undefined;
}

/**
 * Begins a transaction that reads one snapshot, and reads in it the checkpoints of projections and what the log has at a
 * position. A row for each projection that has a checkpoint.
 *
 * SQL: several statements in one round trip, which cannot have parameters. The tables are locked before the snapshot is
 * taken, because a table that is truncated later is empty in older snapshots too. They are locked in the order in which
 * a reset locks them. For each projection three index lookups, and a
 * range scan of the primary key of `parked_keys` where these are counted.
 */
export function beginSnapshot(
  storeSchema: string,
  projections: readonly AnyProjection[],
  { position, serving, countsParked, lockMs, idleMs }: BeginSnapshot,
): Statement {
  const tables = projections.flatMap((projection) =>
    projection.tables.map((table) => `"${projectionSchema(storeSchema, projection)}"."${table.name}"`),
  );
  const text = [
    readOnly,
    idleMs === undefined
      ? `select ${idleLimitAtLeast}`
      : setLocal('idle_in_transaction_session_timeout', idleMs),
    ...(lockMs === undefined ? [] : [setLocal('lock_timeout', lockMs)]),
    `lock table ${tables.join(', ')} in access share mode`,
    ...(lockMs === undefined ? [] : ['set local lock_timeout to default']),
    projections
      .map((projection, index) =>
        snapshotText(storeSchema, projection, { number: index + 1, position, serving, countsParked }),
      )
      .join(' union all '),
  ].join(';\n');
  return { name: undefined, text, values: [] };
}

function setLocal(name: string, ms: number): string {
  return `set local ${name} = ${Math.ceil(ms)}`;
}

/** An inline projection shows every event of the snapshot. Of several slices, the foremost one tells what may be shown. */
function snapshotText(
  storeSchema: string,
  projection: AnyProjection,
  {
    number,
    position,
    serving,
    countsParked,
  }: Pick<BeginSnapshot, 'position' | 'serving' | 'countsParked'> & { readonly number: number },
): string {
  const place = String(Number(position));
  const aside = {
    name: `'${projection.name}'`,
    version: String(Number(projection.version)),
    position: place,
  };
  const parkedKeys = `, (select count(*) from "${storeSchema}".parked_keys as parked
                          where parked.name = ${aside.name} and parked.version = ${aside.version}) as parked_keys`;
  return `(select ${number} as number, slices.position, slices.inline, slices.caught_up, slices.definition_hash,
                  ${tokenColumns(storeSchema, place)}, ${asideColumn(storeSchema, aside)},
                  newest.position as read_position, newest.event_id as read_event_id, ${serving.now} as tables${countsParked ? parkedKeys : ''}
             from ${slicesOf(storeSchema, projection)} as slices
             left join lateral (
                    select event.position, event.event_id
                      from "${storeSchema}".events as event
                     where event.position <= case when slices.inline then ${Number.MAX_SAFE_INTEGER} else slices.foremost end
                     order by event.position desc
                     limit 1) as newest on true
            where slices.position is not null)`;
}
