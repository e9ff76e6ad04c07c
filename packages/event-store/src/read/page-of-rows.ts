import type { PageRange } from '../sql/events.ts';
import { isFullPage, type PageRow } from '../sql/page.ts';

/** Rows of a range of the log, and how far they reach. */
export interface PageOfRows {
  readonly rows: readonly PageRow[];
  /** Every row up to this position, or backwards above it, that matches the filter is in this page or an earlier one. */
  readonly position: number;
}

/** What a read of the range returned. */
export function pageOfRows(
  rows: readonly PageRow[],
  { after, upTo, limit, backwards }: PageRange,
): PageOfRows {
  const last = rows.at(-1);
  const full = last !== undefined && isFullPage(rows, limit);
  if (backwards === true) return { rows, position: full ? Number(last.position) - 1 : after };
  return { rows, position: full ? Number(last.position) : Math.max(upTo, after) };
}
