import type { DecisionRead, EventQueries, ReadForDecisionOptions } from '@leftfold/core';
import { assertReadForDecisionOptions, prepareQueries } from '@leftfold/core/append';
import type { HighWaterWatch } from '../high-water/high-water-watch.ts';
import { queriedWords } from '../sql/queried-words.ts';
import type { LogReader } from './log-reader.ts';

/**
 * Reads what a decision is based on.
 *
 * Its position is the mark of the locked tags and types: an event that a query matches has the query's first tag, or one
 * of its types, so its writer holds that lock until its commit is visible. An event at or below the mark is read; one
 * after it fails the condition.
 */
export async function readForDecision(
  reader: LogReader,
  watch: HighWaterWatch,
  failIfMatch: EventQueries,
  options: ReadForDecisionOptions,
): Promise<DecisionRead> {
  assertReadForDecisionOptions(options);
  const queries = prepareQueries(failIfMatch, undefined, reader.catalog);
  const stored = queries.map((query) => reader.catalog.asStored(query));
  const place = await watch.among(queriedWords(stored));
  return {
    events: reader.matches(queries, place, options.unknownEvents),
    condition: { failIfMatch: queries, after: place.after },
    era: place.era,
  };
}
