import {
  type AnyProjection,
  type AnyRow,
  type AnyTableProjection,
  InvalidArgumentError,
  type RecordedEvent,
  SubscriptionFailedError,
} from '@leftfold/core';
import { encodeColumn, encodeKeyColumn } from '@leftfold/core/column';
import { assertObject, assertProjection, assertWhole, thrownText } from '@leftfold/core/input';
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
  /** The columns that have another value since the event: all of them when it made the row, none when it deleted it. */
  readonly changed: readonly (keyof TRow & string)[];
}

/**
 * The events of one row of a table projection, and what each of them did. Folds the log in memory: nothing is written, and
 * the stored row is not looked at. Events of the row that were given up are left out. O(events that the projection reads), in
 * bounded memory.
 *
 * @param key all columns of the key
 * @throws InvalidArgumentError for a projection with handlers, whose writes go to the database, and for a key that is none
 * @throws SubscriptionFailedError when `key` or `evolve` throws: it names the event, and has what was thrown as its cause
 * @throws UnknownEventError, StoreUnavailableError
 */
export function rowChanges(
  store: PostgresEventStore,
  projection: AnyTableProjection,
  key: AnyRow,
  options: RowChangesOptions,
): AsyncGenerator<RowChange, number, undefined> {
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

/** @returns the position up to which the log was read */
async function* changesOf(
  store: PostgresEventStore,
  { projection, fold, rowId }: FollowedRow,
  { atPosition, signal, onProgress }: RowChangesOptions,
): AsyncGenerator<RowChange, number, undefined> {
  const mark = await store.highWaterMark();
  const end = Math.min(mark, atPosition ?? mark);
  const givenUp = await withStoreErrors(store, () => readGivenUp(store, projection, storedKey(rowId)));
  const known = new RowCache(0);
  let before: AnyRow | undefined;
  const { eventTypes: types } = projection;
  for await (const event of readUpTo(end, store.readAll({ filter: { types }, signal }), {
    signal,
    onProgress,
  })) {
    if (givenUp.has(event.position)) continue;
    const row = foldOne({ projection, fold, rowId }, event, known);
    if (row === undefined) continue;
    // A copy: a handler may change the row in place.
    const after = row.row === null || row.row === undefined ? undefined : structuredClone(row.row);
    yield { event, before, after, changed: changedColumns(fold, before, after) };
    before = after;
  }
  return end;
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
  if (after === undefined) return [];
  const columns = before === undefined ? [...fold.columns.key, ...fold.columns.rest] : fold.columns.rest;
  return columns
    .filter((column) => before === undefined || encodeColumn(column, before) !== encodeColumn(column, after))
    .map(({ name }) => name);
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
  const unknown = Object.keys(key).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      'key',
      `has a column that is none of the key's; it takes ${names.join(', ')}`,
    );
  for (const column of columns.key) {
    try {
      encodeKeyColumn(column, key);
    } catch (cause) {
      throw new InvalidArgumentError('key', thrownText(cause), { cause });
    }
  }
}
