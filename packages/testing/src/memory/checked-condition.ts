import { type AppendCondition, assertId, type EventQuery } from '@leftfold/core';

/** A condition that is checked. */
export interface CheckedCondition {
  readonly queries: readonly EventQuery[];
  readonly after: number;
}

/** @throws InvalidNameError, RangeError, TypeError */
export function checkedCondition({ failIfMatch, after = 0 }: AppendCondition): CheckedCondition {
  if (!Number.isSafeInteger(after) || after < 0)
    throw new RangeError(`"after" must be a whole number from 0, not ${String(after)}`);
  const queries = 'tags' in failIfMatch ? [failIfMatch] : failIfMatch;
  if (queries.length === 0) throw new TypeError('a condition has at least one query');
  for (const { tags, types } of queries) {
    const list: readonly string[] = tags;
    if (list.length === 0 || types?.length === 0)
      throw new TypeError('a query has at least one tag, and types if any are given');
    for (const tag of list) assertId('tag', tag);
    for (const type of types ?? []) assertId('event type', type);
  }
  return { queries, after };
}
