import type { EventQuery } from '@leftfold/core';
import type { Statement } from '@leftfold/postgres';
import { LATEST_PROBE } from './latest-match.ts';
import { PAGE_EVENTS, pageStatement, rangeStatement } from './page.ts';
import { queryRows, queryValues } from './query-rows.ts';

/** Which part of the log one statement reads. */
export interface PageRange {
  /** Only events after this position. */
  readonly after: number;
  /** Only events at or before this position, which must not be above the high-water mark. */
  readonly upTo: number;
  readonly limit: number;
  /** From `upTo` down. @default false */
  readonly backwards?: boolean | undefined;
}

/** What a page is beside its range and its queries. */
interface PageSelection {
  /** Of each query, the position after which it is read, if that is above the one of the range. */
  readonly starts?: readonly number[] | undefined;
  /** Of further events. */
  readonly positions?: readonly number[];
}

/**
 * One page of the log, in its order or backwards: the events that any of the queries matches, each once.
 *
 * SQL: one index range scan of `events_pkey`, or a call of `_find_events` for each query. Takes no locks.
 *
 * @param queries none: every event, unless there are positions
 */
export function readPageStatement(
  schema: string,
  range: PageRange,
  queries: readonly EventQuery[],
  { starts = [], positions = [] }: PageSelection = {},
): Statement {
  const [filter = {}] = queries;
  if (queries.length > 1 || positions.length > 0)
    return readMatchesStatement(schema, range, queries, { starts, positions });
  const { types, category, tags } = filter;
  if (category === undefined && (tags === undefined || tags.length === 0))
    return readTypesStatement(schema, range, types);
  const { after, upTo, limit, backwards = false } = range;
  const order = orderOf(range);
  return {
    name: `leftfold page filter ${order} ${schema}`,
    text: pageStatement({
      from: `"${schema}"._find_events($1, $2, $3, $4, $5, $6, $7, $8)`,
      order,
      limit: '$3',
    }),
    values: [after, upTo, limit, types, category, tags, backwards, probeOf(range)],
  };
}

function orderOf({ backwards = false }: PageRange): string {
  return `position ${backwards ? 'desc' : 'asc'}`;
}

/** Positions that are read before the index on tags is searched, if not those that `_find_events` chooses. */
function probeOf({ limit }: PageRange): number | null {
  return limit === 1 ? LATEST_PROBE : null;
}

/** No index has types, so one plan is right for all values. */
function readTypesStatement(
  schema: string,
  range: PageRange,
  types: readonly string[] | undefined,
): Statement {
  const { after, upTo, limit } = range;
  const order = orderOf(range);
  const from = `"${schema}".events`;
  const where = 'position > $1 and position <= $2';
  if (types === undefined) {
    return {
      name: `leftfold page ${order} ${schema}`,
      text: rangeStatement({ from, where, order, limit: '$3' }),
      values: [after, upTo, limit],
    };
  }
  return {
    name: `leftfold page types ${order} ${schema}`,
    text: pageStatement({ from, where: `${where} and type = any ($4::text[])`, order, limit: '$3' }),
    values: [after, upTo, limit, types],
  };
}

/** Events that one statement looks at, each some 0.3 µs, that fit into a fraction of the time for an answer. */
const MAX_LOOKED_AT = 30_000_000;

/**
 * Positions that one statement of a read for a decision reads at most: for a query without tags it goes through the log,
 * and after the last event that matches up to its end.
 */
export function spanOf(queries: readonly EventQuery[]): number {
  return Math.floor(MAX_LOOKED_AT / Math.max(queries.length, 1));
}

/** The first events that any query matches are among the first ones of each. */
function readMatchesStatement(
  schema: string,
  range: PageRange,
  queries: readonly EventQuery[],
  { starts, positions }: Required<PageSelection>,
): Statement {
  const { after, upTo, limit, backwards = false } = range;
  const order = orderOf(range);
  return {
    name: `leftfold page matches ${order} ${schema}`,
    text: pageStatement({
      from: `"${schema}".events`,
      where: `position > $1 and position <= $2 and position = any (array(
                select found.position
                  from ${queryRows('$4', '$5', '$6')}
                 cross join lateral "${schema}"._find_events(
                         greatest($1, ($10::bigint[])[query.number]), $2, $3, query.types::text[], query.category, query.tags::text[], $7, $8) as found
                 union
                select pg_catalog.unnest($9::bigint[])))`,
      order,
      limit: '$3',
    }),
    values: [after, upTo, limit, ...queryValues(queries), backwards, probeOf(range), positions, starts],
  };
}

/** Which part of a stream one statement reads. Bounds are inclusive. */
export interface StreamRange {
  readonly from: number;
  readonly to: number;
  readonly backwards: boolean;
  readonly limit: number;
  readonly untilPosition: number | undefined;
  readonly untilTime: Date | undefined;
}

/**
 * One page of a stream.
 *
 * SQL: one index range scan of `events_stream_version_key`, in either direction. Takes no locks.
 */
export function readStreamStatement(schema: string, streamId: string, range: StreamRange): Statement {
  const values: unknown[] = [streamId, range.from, range.to, range.limit];
  const conditions = ['stream_id = $1', 'stream_version >= $2', 'stream_version <= $3'];
  if (range.untilPosition !== undefined) {
    values.push(range.untilPosition);
    conditions.push(`position <= $${values.length}`);
  }
  if (range.untilTime !== undefined) {
    values.push(range.untilTime);
    // The clock may step back: a stream's state at a time ends at its first later event, so that there is no hole.
    // A Date ends at milliseconds and the column does not: an event belongs to the millisecond that it is read with.
    conditions.push(`stream_version < coalesce((
                select min(later.stream_version)
                  from "${schema}".events as later
                 where later.stream_id = $1
                   and later.recorded_at >= $${values.length}::timestamptz + interval '1 millisecond'), 9007199254740991)`);
  }
  const bounds = `${range.untilPosition === undefined ? '' : ' position'}${range.untilTime === undefined ? '' : ' time'}`;
  const direction = range.backwards ? 'desc' : 'asc';
  const page = {
    from: `"${schema}".events`,
    where: conditions.join(' and '),
    order: `stream_version ${direction}`,
    limit: '$4',
  };
  return {
    name: `leftfold stream ${direction}${bounds} ${schema}`,
    text: bounds === '' ? rangeStatement(page) : pageStatement(page),
    values,
  };
}

/**
 * A page of the events with these ids after a position, in the order of the log.
 *
 * SQL: index scans of `events_event_id_key`.
 */
export function eventsByIdStatement(schema: string, ids: readonly string[], after: number): Statement {
  return {
    name: `leftfold events by id ${schema}`,
    text: pageAmong(`select * from "${schema}".events where event_id = any ($1::text[])`),
    values: [ids, after],
  };
}

/**
 * A page of the events after a position whose ids a command gave them: `<command id>:<n>`. The metadata tells the command
 * "a" from the command "a:1".
 *
 * SQL: one range scan of `events_event_id_key`.
 */
export function eventsOfCommandStatement(schema: string, commandId: string, after: number): Statement {
  return {
    name: `leftfold events of command ${schema}`,
    // ';' is the character after ':', and the ids are compared by code point.
    text: pageAmong(`select *
             from "${schema}".events
            where event_id >= $1 || ':'
              and event_id < $1 || ';'
              and metadata ->> 'commandId' = $1`),
    values: [commandId, after],
  };
}

/** A page after position $2 of the events of a query. Without "offset 0", a plan could read the log in its order instead. */
function pageAmong(events: string): string {
  return pageStatement({
    from: `(${events} offset 0) as stored`,
    where: 'position > $2',
    order: 'position',
    limit: String(PAGE_EVENTS),
  });
}
