import type { AnyTableProjection, KeyOf, RecordedEvent, RowOf } from '@leftfold/core';
import { assertWhole, type OptionNames } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { assertReadLogOptions } from './read-up-to.ts';
import { type RowChange, rowChanges, type RowChangesOptions } from './row-changes.ts';

/** Options of `explain`. */
export interface ExplainOptions extends RowChangesOptions {
  /** Most events that are listed: the newest ones. @default 100 */
  readonly limit?: number | undefined;
}

/** An event that changed a row, without its data. */
export interface RowEvent<TColumn extends string = string>
  extends Pick<RecordedEvent, 'position' | 'type' | 'streamId' | 'streamVersion' | 'id' | 'recordedAt'> {
  /** What it did to the row. `none`: every column kept its value. */
  readonly effect: 'created' | 'changed' | 'deleted' | 'none';
  /** The columns that have another value since; all of them when it created the row. */
  readonly changed: readonly TColumn[];
}

/** Why a row of a table projection is as it is. */
export interface RowExplanation<TRow, TKey = Partial<TRow>> {
  /** What the events make of the row; undefined when there is none. */
  readonly row: TRow | undefined;
  /** For each column outside of the key, the event that last changed it. Empty when there is no row. */
  readonly changedBy: {
    readonly [TColumn in Exclude<keyof TRow & string, keyof TKey>]?: RowEvent<keyof TRow & string>;
  };
  /** The newest events of the row, in the order of the log. */
  readonly events: readonly RowEvent<keyof TRow & string>[];
  /** How many there are. */
  readonly eventCount: number;
  /** Whether there are more than `events` has. */
  readonly truncated: boolean;
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
 * Explains a row of a table projection: what the events of its key make of it, which event last changed each column, and
 * the events. It folds the log in memory, and does not look at the stored row. Events of the row that were given up are left
 * out.
 *
 * O(events that the projection reads), in bounded memory.
 *
 * @throws InvalidArgumentError for a projection with handlers, and for a key that is none
 * @throws SubscriptionFailedError when `key` or `evolve` throws: it names the event, and has what was thrown as its cause
 * @throws UnknownEventError, StoreUnavailableError
 *
 * @example
 * ```ts
 * const { row, changedBy } = await explainRow(store, balances, { account_id: 'account-1' });
 * console.log(row?.cents, changedBy.cents?.type, changedBy.cents?.position);
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
  let changedBy: Record<string, RowEvent> = {};
  let eventCount = 0;
  let row: RowChange['after'];
  let next = await changes.next();
  for (; next.done !== true; next = await changes.next()) {
    const change = next.value;
    const event = toRowEvent(change);
    row = change.after;
    if (event.effect === 'deleted') changedBy = {};
    for (const column of change.changed) if (!Object.hasOwn(key, column)) changedBy[column] = event;
    eventCount += 1;
    events.push(event);
    if (events.length > limit) events.shift();
  }
  const truncated = eventCount > events.length;
  // Sound: the columns are those of the projection.
  return { row, changedBy, events, eventCount, truncated, position: next.value } as never;
}

function toRowEvent({ event, before, after, changed }: RowChange): RowEvent {
  const { position, type, streamId, streamVersion, id, recordedAt } = event;
  return {
    position,
    type,
    streamId,
    streamVersion,
    id,
    recordedAt,
    effect: effectOf(before, after, changed),
    changed,
  };
}

function effectOf(
  before: RowChange['before'],
  after: RowChange['after'],
  changed: RowChange['changed'],
): RowEvent['effect'] {
  if (after === undefined) return before === undefined ? 'none' : 'deleted';
  if (before === undefined) return 'created';
  return changed.length > 0 ? 'changed' : 'none';
}
