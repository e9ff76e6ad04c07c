import { AppendConditionFailedError } from '../errors/append-errors.ts';
import type { PreparedCondition } from './append-request.ts';
import { matchesQuery, type QueriedEvent } from './matches-query.ts';

/** An event in the log that matches a condition, as it is stored. */
export interface MatchedEvent extends QueriedEvent {
  readonly position: number;
}

/** The error of an append whose condition a stored event matches. */
export function conditionFailed(
  { queries, after }: PreparedCondition,
  event: MatchedEvent,
): AppendConditionFailedError {
  const matching = queries
    .map((query, index) => ({ query, index, after: query.after ?? after }))
    .filter((one) => event.position > one.after && matchesQuery(event, one.query));
  return new AppendConditionFailedError(event, {
    queries: matching.map(({ index }) => index),
    after: Math.min(...matching.map((one) => one.after)),
    tags: [...new Set(matching.flatMap(({ query }) => query.tags ?? []))],
  });
}
