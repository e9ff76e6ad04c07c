import type { AppendCondition, DecisionRead, ReadForDecisionOptions } from '@leftfold/core';
import { assertReadForDecisionOptions, prepareQueries } from '@leftfold/core/append';
import type { HighWaterWatch } from '../high-water/high-water-watch.ts';
import type { LogReader } from './log-reader.ts';

/**
 * Reads what a decision on tags is based on.
 *
 * Its position is the mark of the locked tags: an event that a query matches has the query's first tag, so its writer
 * holds the lock of that tag until its commit is visible. An event at or below the mark is read; one after it fails the
 * condition.
 */
export async function readForDecision(
  reader: LogReader,
  watch: HighWaterWatch,
  failIfMatch: AppendCondition['failIfMatch'],
  options: ReadForDecisionOptions,
): Promise<DecisionRead> {
  assertReadForDecisionOptions(options);
  const queries = prepareQueries(failIfMatch, undefined, reader.catalog);
  const place = await watch.ofTags(queries.map(({ tags: [tag] }) => tag));
  return {
    events: reader.matches(queries, place, options.unknownEvents),
    condition: { failIfMatch: queries, after: place.after },
    era: place.era,
  };
}
