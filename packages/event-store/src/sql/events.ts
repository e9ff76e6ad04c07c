import type { EventQuery } from '@leftfold/core';
import type { Statement } from '@leftfold/postgres';
import { eventSelectList } from './event-columns.ts';
import { pageStatement } from './page.ts';

/** Which part of the log one statement reads. */
export interface PageRange {
  /** Only events after this position. */
  readonly after: number;
  /** Only events at or before this position, which must not be above the high-water mark. */
  readonly upTo: number;
  readonly limit: number;
}

/**
 * One page of the log, in its order.
 *
 * SQL: one index range scan of `events_pkey`, or with tags a bitmap scan of `events_tags_idx`. Takes no locks.
 */
export function readPageStatement(
  schema: string,
  { after, upTo, limit }: PageRange,
  filter: EventQuery,
): Statement {
  const values: unknown[] = [after, upTo, limit];
  const conditions = ['position > $1', 'position <= $2'];
  const parts: string[] = [];
  const add = (part: string, condition: (placeholder: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
    parts.push(part);
  };
  if (filter.types !== undefined) add('types', (types) => `type = any (${types}::text[])`, filter.types);
  if (filter.category !== undefined)
    add('category', (prefix) => `pg_catalog.starts_with(stream_id, ${prefix})`, `${filter.category}-`);
  if (filter.tags !== undefined && filter.tags.length > 0) {
    add('tags', (tags) => `tags @> ${tags}::text[] and tags <> '{}'`, filter.tags);
  }
  const dependsOnValues = parts.includes('category') || parts.includes('tags');
  return {
    // Not prepared: the plan kept for a prepared statement does not consider how rare the category or the tags are, and
    // reads the log from end to end for them.
    name: dependsOnValues ? undefined : `leftfold page ${parts.join(' ')} ${schema}`,
    text: pageStatement({ schema, where: conditions.join(' and '), order: 'position', limit: '$3' }),
    values,
  };
}

/**
 * One page of the log whatever its events, for a tail that many readers share.
 *
 * SQL: one index range scan of `events_pkey`. Takes no locks.
 */
export function readTailStatement(schema: string, { after, upTo, limit }: PageRange): Statement {
  return {
    name: `leftfold tail ${schema}`,
    text: pageStatement({
      schema,
      where: 'position > $1 and position <= $2',
      order: 'position',
      limit: '$3',
    }),
    values: [after, upTo, limit],
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
  return {
    name: `leftfold stream ${direction}${bounds} ${schema}`,
    text: pageStatement({
      schema,
      where: conditions.join(' and '),
      order: `stream_version ${direction}`,
      limit: '$4',
    }),
    values,
  };
}

/** Events by their ids, in the order of the log. SQL: index scans of `events_event_id_key`. */
export function eventsByIdStatement(schema: string, ids: readonly string[]): Statement {
  return {
    name: `leftfold events by id ${schema}`,
    text: `select ${eventSelectList} from "${schema}".events where event_id = any ($1::text[]) order by position`,
    values: [ids],
  };
}

/**
 * Events whose ids a command gave them: `<command id>:<n>`. SQL: one range scan of `events_event_id_key`.
 * The metadata tells the command "a" from the command "a:1".
 */
export function eventsOfCommandStatement(schema: string, commandId: string): Statement {
  return {
    name: `leftfold events of command ${schema}`,
    // ';' is the character after ':', and the ids are compared by code point.
    text: `select ${eventSelectList}
             from "${schema}".events
            where event_id >= $1 || ':'
              and event_id < $1 || ';'
              and metadata ->> 'commandId' = $1
            order by position`,
    values: [commandId],
  };
}
