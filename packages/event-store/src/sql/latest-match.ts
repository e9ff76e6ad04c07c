import type { EventQuery } from '@leftfold/core';
import { type Statement, textArray } from '@leftfold/postgres';

export interface LatestMatchRow {
  /** null when no event matches. */
  readonly position: string | null;
}

/**
 * For each query, in order, the position of the last event up to a position that it matches.
 *
 * SQL: one call of `_find_latest_match` for each query. Takes no locks.
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
    text: `select (select "${schema}"._find_latest_match(query.tags::text[], query.types::text[], query.category, 0, $4))
                  ::pg_catalog.text as position
             from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]))
                  with ordinality
                  as query (tags, types, category, number)
            order by query.number`,
    values: [
      textArray(queries.map(({ tags }) => textArray(tags ?? []))),
      textArray(queries.map(({ types }) => (types === undefined ? null : textArray(types)))),
      textArray(queries.map(({ category }) => category ?? null)),
      upTo,
    ],
  };
}
