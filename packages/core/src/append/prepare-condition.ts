import { AppendTooLargeError } from '../errors/append-errors.ts';
import type { AppendCondition, TaggedQuery } from '../store/event-store.ts';
import { MAX_CONDITION_QUERIES, MAX_QUERY_TYPES, MAX_TAGS } from './append-limits.ts';
import type { PreparedCondition } from './append-request.ts';
import { assertQuery } from './assert-query.ts';

/**
 * Validates a condition.
 *
 * @param owner a stream of its append, for error messages
 * @throws InvalidNameError, AppendTooLargeError, RangeError, TypeError
 */
export function prepareCondition(
  { failIfMatch, after = 0 }: AppendCondition,
  owner: string,
): PreparedCondition {
  if (!Number.isSafeInteger(after) || after < 0)
    throw new RangeError(`"after" of a condition must be a whole number from 0, not ${String(after)}`);
  const queries = isList(failIfMatch) ? failIfMatch : [failIfMatch];
  assertCount('queries', queries, MAX_CONDITION_QUERIES, owner);
  for (const query of queries) {
    assertCount('tags', query.tags, MAX_TAGS, owner);
    if (query.types !== undefined) assertCount('types', query.types, MAX_QUERY_TYPES, owner);
    if (query.category !== undefined)
      throw new TypeError('a condition cannot ask for a category; name its event types');
    assertQuery(query);
  }
  return { queries, after };
}

function isList(failIfMatch: AppendCondition['failIfMatch']): failIfMatch is readonly TaggedQuery[] {
  return Array.isArray(failIfMatch);
}

/** JavaScript callers may leave the list out. */
function assertCount(what: string, list: readonly unknown[] | undefined, limit: number, owner: string): void {
  const count = list?.length ?? 0;
  if (count === 0) throw new TypeError(`a condition with no ${what} would never fail; name at least one`);
  if (count > limit) throw new AppendTooLargeError(owner, `number of ${what} of a condition`, count, limit);
}
