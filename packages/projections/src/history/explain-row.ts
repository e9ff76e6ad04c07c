import type { AnyRow, AnyTableProjection, KeyOf, RecordedEvent, RowOf } from '@leftfold/core';
import { assertWhole, type OptionNames } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { assertReadLogOptions } from './read-up-to.ts';
import { type RowChange, rowChanges, type RowChangesOptions } from './row-changes.ts';

/** Options of `explain`. */
export interface ExplainOptions extends RowChangesOptions {
  /** Most events that are listed: the newest ones. @default 100 */
  readonly limit?: number | undefined;
}

/** The value of a column before and after an event: undefined where there is no row. */
export interface ColumnChange<TValue = AnyRow[string]> {
  readonly before: TValue | undefined;
  readonly after: TValue | undefined;
}

/** An event of a row, and what it did to the row. */
export interface RowEvent<TRow = AnyRow> extends RecordedEvent {
  /** `none`: every column kept its value. */
  readonly effect: 'created' | 'changed' | 'deleted' | 'none';
  /** The columns that have another value since: all of them when it created or deleted the row. */
  readonly changes: { readonly [TColumn in keyof TRow & string]?: ColumnChange<TRow[TColumn]> };
}

/** Why a row of a table projection is as it is. */
export interface RowExplanation<TRow, TKey = Partial<TRow>> {
  /** What the events make of the row; undefined when there is none. */
  readonly row: TRow | undefined;
  /** For each column outside of the key, the event that last changed it, and how. Empty when there is no row. */
  readonly changedBy: {
    readonly [TColumn in Exclude<keyof TRow & string, keyof TKey>]?: ColumnChange<TRow[TColumn]> & {
      readonly event: RowEvent<TRow>;
    };
  };
  /** The newest events of the row, in the order of the log. */
  readonly events: readonly RowEvent<TRow>[];
  /** How many there are. */
  readonly eventCount: number;
  /** Whether there are more than `events` has. */
  readonly truncated: boolean;
  /** The positions of its events that were given up, and are left out above. */
  readonly givenUp: readonly number[];
  /** The position up to which the log was read. */
  readonly position: number;
}

const optionNames: OptionNames<ExplainOptions> = {
  atPosition: true,
  limit: true,
  signal: true,
  onProgress: true,
};

/**
 * Explains a row of a table projection: what the events of its key make of it, which event last changed each column, from
 * what and to what, and the events with their data. It folds the log in memory, and does not look at the stored row. Events of
 * the row that were given up are left out, and counted.
 *
 * O(events that the projection reads), in the memory of the events that are listed.
 *
 * @throws InvalidArgumentError for a projection with handlers, for a key that is none, and for one that no event concerns
 * @throws SubscriptionFailedError when `key` or `evolve` throws: it names the event, and has what was thrown as its cause
 * @throws UnknownEventError, StoreUnavailableError
 *
 * @example
 * ```ts
 * const { row, changedBy } = await explainRow(store, balances, { account_id: 'account-1' });
 * console.log(row?.cents, changedBy.cents?.before, changedBy.cents?.event.type);
 * ```
 */
export async function explainRow<TProjection extends AnyTableProjection>(
  store: PostgresEventStore,
  projection: TProjection,
  key: KeyOf<TProjection>,
  options: ExplainOptions = {},
): Promise<RowExplanation<RowOf<TProjection>, KeyOf<TProjection>>> {
  assertReadLogOptions(options, optionNames);
  const { limit = 100 } = options;
  assertWhole('limit', limit);
  const changes = rowChanges(store, projection, key, options);
  const events: RowEvent[] = [];
  let changedBy: Record<string, ColumnChange & { readonly event: RowEvent }> = {};
  let eventCount = 0;
  let row: RowChange['after'];
  let next = await changes.next();
  for (; next.done !== true; next = await changes.next()) {
    const event = toRowEvent(next.value);
    row = next.value.after;
    if (row === undefined) changedBy = {};
    else
      for (const [column, change] of Object.entries(event.changes))
        if (change !== undefined && !Object.hasOwn(key, column)) changedBy[column] = { ...change, event };
    eventCount += 1;
    events.push(event);
    if (events.length > limit) events.shift();
  }
  const truncated = eventCount > events.length;
  // Sound: the columns are those of the projection.
  return { row, changedBy, events, eventCount, truncated, ...next.value } as never;
}

function toRowEvent({ event, before, after, changed }: RowChange): RowEvent {
  const changes = Object.fromEntries(
    changed.map((column) => [column, { before: before?.[column], after: after?.[column] }]),
  );
  return { ...event, effect: effectOf(before, after, changed), changes };
}

function effectOf(
  before: RowChange['before'],
  after: RowChange['after'],
  changed: RowChange['changed'],
): RowEvent['effect'] {
  if (changed.length === 0) return 'none';
  if (after === undefined) return 'deleted';
  return before === undefined ? 'created' : 'changed';
}
