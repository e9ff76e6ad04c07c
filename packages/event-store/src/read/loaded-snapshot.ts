import type { LoadedSnapshot } from '@leftfold/core';
import { isFullPage, PAGE_EVENTS } from '../sql/page.ts';
import type { SnapshotRow } from '../sql/snapshots.ts';
import type { ToEvents } from './log-page.ts';
import { placeOf } from './recorded-event.ts';

/** @returns undefined when the log has no event at the snapshot's version: the snapshot is not valid */
export function toLoadedSnapshot(
  rows: readonly SnapshotRow[],
  toEvents: ToEvents,
): LoadedSnapshot | undefined {
  const [row, ...later] = rows;
  if (row === undefined || row.snapshot_position === null) return undefined;
  const first = placeOf(row);
  const { streamVersion } = first;
  const snapshot = { streamVersion, position: row.snapshot_position, state: row.state };
  if (isFullPage(rows, PAGE_EVENTS)) return snapshot;
  const last = placeOf(later.at(-1) ?? row);
  return { ...snapshot, tail: { first, events: later.flatMap(toEvents), last } };
}
