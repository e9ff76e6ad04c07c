import type { EventQuery } from '@leftfold/core';
import type { Statement } from '@leftfold/postgres';
import { queryRows, queryValues } from './query-rows.ts';

export interface LatestMatchRow {
  /** null when no event matches. */
  readonly position: string | null;
}

/** Positions that are read first: mostly one of the newest events is the last that matches. */
export const LATEST_PROBE = 2_000;

/**
 * For each query, in order, the position of the last event up to a position that it matches.
 *
 * SQL: one call of `_find_events` for each query. Takes no locks.
 *
 * @param upTo must not be above the mark of what the queries ask for
 */
export function latestMatchStatement(
  schema: string,
  queries: readonly EventQuery[],
  upTo: number,
): Statement {
  return {
    name: `leftfold latest match ${schema}`,
    text: `select (select found.position::pg_catalog.text
                     from "${schema}"._find_events(
                            0, $4, 1, query.types::text[], query.category, query.tags::text[], true, ${LATEST_PROBE}) as found) as position
             from ${queryRows('$1', '$2', '$3')}
            order by query.number`,
    values: [...queryValues(queries), upTo],
  };
}
