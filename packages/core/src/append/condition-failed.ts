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
  const matching = queries.flatMap((query, index) => (matchesQuery(event, query) ? [index] : []));
  return new AppendConditionFailedError(event, { queries: matching, after });
}
