import type { EventQuery, RecordedEvent } from '@leftfold/core';
import { matchesQuery } from '@leftfold/core/append';
import type { EventPlace } from '@leftfold/core/input';

/** Whether a read returns an event. */
export type IsWanted = (event: RecordedEvent) => boolean;

/**
 * The events that any of the queries matches, among those of rows that were selected by the types they are stored as: a
 * retired event may be read as events of other types too.
 *
 * @param token only events after this one, where a stored event is read as several
 */
export function wantedBy(queries: readonly EventQuery[], token?: EventPlace): IsWanted {
  const isMatch: IsWanted = (event) =>
    event.readFrom === undefined || queries.some((query) => matchesQuery(event, query));
  if (token?.index === undefined) return isMatch;
  const { position, index } = token;
  return (event) => isMatch(event) && (event.position !== position || (event.readFrom?.index ?? 0) > index);
}
