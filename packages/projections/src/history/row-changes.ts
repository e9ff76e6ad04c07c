import {
  type AnyProjection,
  type AnyRow,
  type AnyTableProjection,
  InvalidArgumentError,
  type RecordedEvent,
  SubscriptionFailedError,
} from '@leftfold/core';
import { encodeColumn, encodeKeyColumn } from '@leftfold/core/column';
import {
  assertObject,
  assertProjection,
  assertWhole,
  reading,
  shownName,
  thrownText,
} from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { storedKey, withStoreErrors } from '@leftfold/subscriptions';
import { REPLAY } from '../runner/projection-subscription.ts';
import { readGivenUp } from '../sql/given-up.ts';
import { RowCache } from '../fold/row-cache.ts';
import type { FoldedRow } from '../fold/folded-row.ts';
import { TableFold } from '../fold/table-fold.ts';
import { type ReadLogOptions, readUpTo } from './read-up-to.ts';

/** Options of {@link rowChanges}. */
export interface RowChangesOptions extends ReadLogOptions {
  /** The last position to read. @default the high-water mark */
  readonly atPosition?: number | undefined;
}

/** What one event did to a row: `undefined` where there is none. */
export interface RowChange<TRow = AnyRow> {
  readonly event: RecordedEvent;
  readonly before: TRow | undefined;
  readonly after: TRow | undefined;
  /** The columns that have another value since the event: all of them when it made or deleted the row. */
  readonly changed: readonly (keyof TRow & string)[];
}

/** What {@link rowChanges} read. */
export interface ReadChanges {
  /** The position up to which the log was read. */
  readonly position: number;
  /** The positions of the events of the row that were given up. */
  readonly givenUp: readonly number[];
}

/**
 * The events of one row of a table projection, and what each of them did. Folds the log in memory: nothing is written, and
 * the stored row is not looked at. Events of the row that were given up are left out. O(events that the projection reads), in
 * bounded memory.
 *
 * @param key all columns of the key
 * @throws InvalidArgumentError for a projection with handlers, whose writes go to the database, for a key that is none, and,
 * at the end, for one that no event concerns: "it has no row" would hide a wrong key
 * @throws SubscriptionFailedError when `key` or `evolve` throws: it names the event, and has what was thrown as its cause
 * @throws UnknownEventError, StoreUnavailableError
 */
export function rowChanges(
  store: PostgresEventStore,
  projection: AnyTableProjection,
  key: AnyRow,
  options: RowChangesOptions,
): AsyncGenerator<RowChange, ReadChanges, undefined> {
  assertTableProjection(projection);
  assertWhole('atPosition', options.atPosition);
  const fold = new TableFold(projection);
  assertKey(fold, key);
  return changesOf(store, { projection, fold, rowId: fold.idOf(key) }, options);
}

interface FollowedRow {
  readonly projection: AnyTableProjection;
  readonly fold: TableFold;
  readonly rowId: string;
}

async function* changesOf(
  store: PostgresEventStore,
  { projection, fold, rowId }: FollowedRow,
  { atPosition, signal, onProgress }: RowChangesOptions,
): AsyncGenerator<RowChange, ReadChanges, undefined> {
  const mark = await store.highWaterMark();
  const end = Math.min(mark, atPosition ?? mark);
  const left = await withStoreErrors(store, () => readGivenUp(store, projection, storedKey(rowId)));
  const known = new RowCache(0);
  let before: AnyRow | undefined;
  let hasEvents = false;
  const { eventTypes: types } = projection;
  for await (const event of readUpTo(end, store.readAll({ filter: { types }, signal }), {
    signal,
    onProgress,
  })) {
    if (left.has(event.position)) continue;
    const row = foldOne({ projection, fold, rowId }, event, known);
    if (row === undefined) continue;
    // A copy: a handler may change the row in place.
    const after = row.row === null || row.row === undefined ? undefined : structuredClone(row.row);
    hasEvents = true;
    yield { event, before, after, changed: changedColumns(fold, before, after) };
    before = after;
  }
  const givenUp = [...left].filter((position) => position <= end).sort((a, b) => a - b);
  if (!hasEvents && givenUp.length === 0)
    throw new InvalidArgumentError(
      'key',
      `names a row of projection "${projection.name}" that no event up to position ${end} concerns; pass the columns and values that the projection's key returns`,
    );
  return { position: end, givenUp };
}

/** @returns undefined for an event of other rows */
function foldOne(
  { projection, fold, rowId }: FollowedRow,
  event: RecordedEvent,
  known: RowCache,
): FoldedRow | undefined {
  const rows: FoldedRow[] = [];
  try {
    const plan = fold.plan([event], known, rows, noop, (_, id) => id === rowId);
    fold.fold(plan, noop);
  } catch (cause) {
    const { name, version } = projection;
    throw new SubscriptionFailedError({ kind: REPLAY, name, version }, event, { cause });
  }
  return rows[0];
}

function noop(): void {}

function changedColumns(fold: TableFold, before: AnyRow | undefined, after: AnyRow | undefined): string[] {
  const { key, rest } = fold.columns;
  if (before === undefined && after === undefined) return [];
  const changed =
    before === undefined || after === undefined
      ? [...key, ...rest]
      : rest.filter((column) => encodeColumn(column, before) !== encodeColumn(column, after));
  return changed.map(({ name }) => name);
}

function assertTableProjection(projection: AnyProjection): void {
  assertProjection('projection', projection);
  if (projection.kind === 'table') return;
  throw new InvalidArgumentError(
    'projection',
    `"${projection.name}" has handlers, which write to the database whatever they like, so that no row can be folded by itself; give a projection made by defineTableProjection(...)`,
  );
}

function assertKey({ columns }: TableFold, key: AnyRow): void {
  assertObject('the key of a row', 'key', key);
  const names = columns.key.map(({ name }) => name);
  const unknown = reading('key', () => Object.keys(key)).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      'key',
      `has no column ${shownName(unknown)}; the key of this projection takes ${names.join(', ')}`,
    );
  for (const column of columns.key) {
    try {
      encodeKeyColumn(column, key);
    } catch (cause) {
      throw new InvalidArgumentError('key', thrownText(cause), { cause });
    }
  }
}
