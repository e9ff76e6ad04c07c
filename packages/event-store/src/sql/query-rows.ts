import type { EventQuery } from '@leftfold/core';
import { textArray } from '@leftfold/postgres';

/** The rows `query (tags, types, category, number)` of parameters that have {@link queryValues}. */
export function queryRows(tags: string, types: string, category: string): string {
  return `rows from (pg_catalog.unnest(${tags}::text[]), pg_catalog.unnest(${types}::text[]), pg_catalog.unnest(${category}::text[]))
          with ordinality as query (tags, types, category, number)`;
}

/** Tags, types and category of each query: an element of `tags` and `types` is a list as text. */
export function queryValues(
  queries: readonly EventQuery[],
): readonly [tags: string, types: string, category: string] {
  return [
    textArray(queries.map(({ tags }) => textArray(tags ?? []))),
    textArray(queries.map(({ types }) => (types === undefined ? null : textArray(types)))),
    textArray(queries.map(({ category }) => category ?? null)),
  ];
}
