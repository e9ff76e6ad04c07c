import { eventSelectList, type EventRow } from './event-columns.ts';

/**
 * Bytes of the events of one page, as JSON and tags: the event that reaches this number is the last one of its page. So
 * a page has fewer bytes than this and one event together. Larger pages are not faster and use more memory.
 */
export const PAGE_BYTES = 1024 * 1024;

/** Events of one page. */
export const PAGE_EVENTS = 1_000;

export interface PageRow extends EventRow {
  /** In the last row of a page: it was cut at its bytes, and more events can follow. */
  readonly page_full: boolean;
}

/** What a page selects. All of it is SQL. */
export interface PageQuery {
  /** The table, or a function that returns its rows. */
  readonly from: string;
  readonly where?: string;
  /** A column with an index, and its direction. */
  readonly order: string;
  /** Most events, in addition to {@link PAGE_BYTES}. */
  readonly limit: string;
}

// `size` is stored and `tags` are not compressed, so that no event is detoasted before it is known to be in the page.
const bytes = 'size + pg_catalog.pg_column_size(tags)';

/**
 * The statement of one page of events. Every statement that reads events by a condition is made here or in
 * {@link rangeStatement}, so that each is bounded by bytes.
 *
 * SQL: the window adds up sizes in the order of the index, without a sort.
 */
export function pageStatement({ from, where = 'true', order, limit }: PageQuery): string {
  return `select ${eventSelectList}, page_bytes >= ${PAGE_BYTES} as page_full
            from (select *, pg_catalog.sum(event_bytes) over (order by ${order} rows unbounded preceding) as page_bytes
                    from (select *, ${bytes} as event_bytes
                            from ${from}
                           where ${where}
                           order by ${order}
                           limit ${limit}) as event) as event
           where page_bytes - event_bytes < ${PAGE_BYTES}
           order by ${order}`;
}

/**
 * The same page where the condition is a range of one index: faster, since a window copies all rows. It reads the range
 * twice, first the sizes alone.
 *
 * SQL: the sizes are added up with a window only when the page has to be cut.
 */
export function rangeStatement({ from, where = 'true', order, limit }: PageQuery): string {
  const sizes = `select ${order.split(' ')[0]!}, ${bytes} as event_bytes from ${from} where ${where} order by ${order} limit ${limit}`;
  return `with page as materialized (
            select case when pg_catalog.sum(event_bytes) >= ${PAGE_BYTES} then (
                     select pg_catalog.count(*)
                       from (select event_bytes, pg_catalog.sum(event_bytes) over (order by ${order} rows unbounded preceding) as page_bytes
                               from (${sizes}) as event) as event
                      where page_bytes - event_bytes < ${PAGE_BYTES}) end as events
              from (${sizes}) as event)
          select ${eventSelectList}, (select page.events is not null from page) as page_full
            from ${from}
           where ${where}
           order by ${order}
           limit coalesce((select page.events from page), ${limit})`;
}

/** Whether more events of the range can follow a page. */
export function isFullPage(rows: readonly PageRow[], limit: number): boolean {
  return rows.length >= limit || rows.at(-1)?.page_full === true;
}

/** The size of a row in memory, in characters: about what {@link PAGE_BYTES} counts. */
export function sizeOf({ data, metadata, tags }: EventRow): number {
  let size = data.length + metadata.length;
  for (const tag of tags) size += tag.length;
  return size;
}
