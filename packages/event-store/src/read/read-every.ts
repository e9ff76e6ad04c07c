import type { RecordedEvent } from '@leftfold/core';
import { isFullPage, PAGE_EVENTS, type PageRow } from '../sql/page.ts';
import type { ToEvent } from './log-page.ts';

/**
 * Reads page after page to the end, and makes the events of each before the next is read: the text of one page at a time
 * is in memory.
 *
 * @param pageAfter reads at most {@link PAGE_EVENTS} rows after a position, in the order of the log
 */
export async function readEvery(
  pageAfter: (position: number) => Promise<readonly PageRow[]>,
  toEvent: ToEvent,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const rows = await pageAfter(events.at(-1)?.position ?? 0);
    for (const row of rows) events.push(toEvent(row));
    if (!isFullPage(rows, PAGE_EVENTS)) return events;
  }
}
