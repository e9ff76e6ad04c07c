import type { EventQuery, RecordedEvent } from '@leftfold/core';
import { matchesQuery } from '@leftfold/core/append';
import type { EventPlace } from '@leftfold/core/input';

/** Whether a read returns an event. */
export type IsWanted = (event: RecordedEvent) => boolean;

/** The last event that a query matches. */
export interface LastMatch {
  readonly query: EventQuery;
  readonly position: number;
}

export function positionsOf(lasts: readonly LastMatch[]): readonly number[] {
  return lasts.map(({ position }) => position);
}

/** What a read selects. */
export interface Selection {
  /** Every event that one of these matches. */
  readonly queries: readonly EventQuery[];
  readonly lasts: readonly LastMatch[];
  /** Only events after this one, where a stored event is read as several. */
  readonly token: EventPlace | undefined;
}

/**
 * The events of a selection among those of rows that were selected by the types they are stored as: a retired event may
 * be read as events of other types too.
 */
export function wantedBy({ queries, lasts, token }: Selection): IsWanted {
  const isMatch: IsWanted = (event) =>
    event.readFrom === undefined ||
    queries.some((query) => matchesQuery(event, query)) ||
    lasts.some(({ query, position }) => position === event.position && matchesQuery(event, query));
  if (token?.index === undefined) return isMatch;
  const { position, index } = token;
  return (event) => isMatch(event) && (event.position !== position || (event.readFrom?.index ?? 0) > index);
}
