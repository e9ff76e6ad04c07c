import type { RecordedEvent, StoredPlace } from '@leftfold/core';
import { isFullPage, PAGE_EVENTS, type PageRow } from '../sql/page.ts';
import type { ToEvents } from './log-page.ts';
import { placeOf } from './recorded-event.ts';

/** A stored event, and what it is read as. */
export interface StoredEvent extends StoredPlace {
  readonly streamId: string;
  readonly events: readonly RecordedEvent[];
}

/**
 * Reads page after page to the end, and makes the events of each before the next is read: the text of one page at a time
 * is in memory.
 *
 * @param pageAfter reads at most {@link PAGE_EVENTS} rows after a position, in the order of the log
 */
export async function readEvery(
  pageAfter: (position: number) => Promise<readonly PageRow[]>,
  toEvents: ToEvents,
): Promise<readonly StoredEvent[]> {
  const stored: StoredEvent[] = [];
  for (;;) {
    const rows = await pageAfter(stored.at(-1)?.position ?? 0);
    for (const row of rows) stored.push({ ...placeOf(row), streamId: row.stream_id, events: toEvents(row) });
    if (!isFullPage(rows, PAGE_EVENTS)) return stored;
  }
}
