import { type AppendCondition, AppendTooLargeError, assertId, type EventQuery } from '@leftfold/core';

/** A condition that is checked and ready to be sent. */
export interface PreparedCondition {
  readonly queries: readonly EventQuery[];
  readonly after: number;
}

/** Each query takes a lock and a search. */
const MAX_QUERIES = 64;
/** An event has no more tags than that. */
const MAX_TAGS = 64;
const MAX_TYPES = 1_000;

/**
 * Checks a condition.
 *
 * @param owner a stream of its append, for messages
 * @throws InvalidNameError, AppendTooLargeError, RangeError, TypeError
 */
export function prepareCondition(
  { failIfMatch, after = 0 }: AppendCondition,
  owner: string,
): PreparedCondition {
  if (!Number.isSafeInteger(after) || after < 0)
    throw new RangeError(`"after" of a condition must be a whole number from 0, not ${String(after)}`);
  const queries = isList(failIfMatch) ? failIfMatch : [failIfMatch];
  const assertSize = (what: string, size: number, limit: number) => {
    if (size === 0) throw new TypeError(`a condition with no ${what} would never fail; name at least one`);
    if (size > limit) throw new AppendTooLargeError(owner, `number of ${what} of a condition`, size, limit);
  };
  assertSize('queries', queries.length, MAX_QUERIES);
  for (const { tags, types } of queries) {
    assertSize('tags', tags.length, MAX_TAGS);
    for (const tag of tags) assertId('tag', tag);
    if (types === undefined) continue;
    assertSize('types', types.length, MAX_TYPES);
    for (const type of types) assertId('event type', type);
  }
  return { queries, after };
}

function isList(failIfMatch: AppendCondition['failIfMatch']): failIfMatch is readonly EventQuery[] {
  return Array.isArray(failIfMatch);
}
