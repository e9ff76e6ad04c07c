import type { EventQuery } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';

/**
 * What the database locks for queries, and an append waits for in its process: an event that a query matches has one of
 * the tags or types.
 */
export interface QueriedWords {
  readonly tags: readonly string[];
  readonly types: readonly string[];
}

/**
 * The first tag of each query; of a query without tags, its types.
 *
 * @param queries with the types that events are stored as
 * @returns undefined when a query has neither: it can match any event
 */
export function queriedWords(queries: readonly EventQuery[]): QueriedWords | undefined {
  const tags = new Set<string>();
  const types = new Set<string>();
  for (const query of queries) {
    const tag = query.tags?.[0];
    if (tag !== undefined) tags.add(tag);
    else if (query.types === undefined) return undefined;
    else for (const type of query.types) types.add(type);
  }
  return { tags: [...tags], types: [...types] };
}

const NONE: QueriedWords = { tags: [], types: [] };

/** What the database locks exclusively for the condition of an append; undefined when any event can fail it. */
export function lockedWords(condition: AppendRequest['condition']): QueriedWords | undefined {
  return condition === undefined ? NONE : queriedWords(condition.queries);
}
