import { type EventPlace, isInLog } from '@leftfold/core/input';
import type { Statement } from '@leftfold/postgres';
import type { PageRow } from './page.ts';

/** What the log has at the position of a token. */
export interface TokenRow {
  readonly token_event_id: string | null;
  /** Whether the server receives the events of another one. */
  readonly on_standby: boolean;
  readonly log_end: number;
}

/**
 * The columns of {@link TokenRow}, for a SELECT that reads the rest in the same snapshot.
 *
 * SQL: two index scans of `events_pkey`.
 *
 * @param position an expression
 */
export function tokenColumns(schema: string, position: string): string {
  return `(select at_token.event_id from "${schema}".events as at_token where at_token.position = ${position}) as token_event_id,
          pg_catalog.pg_is_in_recovery() as on_standby,
          (select coalesce(pg_catalog.max(stored.position), 0) from "${schema}".events as stored) as log_end`;
}

/**
 * Whether the snapshot has the event of a token.
 *
 * @param settledTo the log is complete up to this position
 * @returns false when a standby has not received it yet
 * @throws LogRewoundError when the log has another event there, or none
 */
export function hasEventOf(place: EventPlace, row: TokenRow, settledTo: number): boolean {
  const { token_event_id: eventId, on_standby: onStandby, log_end: end } = row;
  const mayAppear = onStandby && settledTo < place.position;
  return isInLog(place, { eventId: eventId ?? undefined, end, mayAppear });
}

/** A row of a page; of an empty page, one without an event. */
export type PageRowAfterToken = TokenRow & (PageRow | { readonly position: null });

/**
 * The page of a statement, and what the log has at the position after which it begins.
 *
 * SQL: one statement, so one snapshot of the database.
 *
 * @param page its first value is the position
 */
export function pageAfterToken(schema: string, page: Statement): Statement {
  return {
    name: page.name === undefined ? undefined : `${page.name} token`,
    text: `select token.*, page.*
             from (select ${tokenColumns(schema, '$1')}) as token
             left join (${page.text}) as page on true
            order by page.position`,
    values: page.values,
  };
}
