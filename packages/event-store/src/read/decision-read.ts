import type { DecisionQueries, DecisionRead, EventQuery, ReadForDecisionOptions } from '@leftfold/core';
import { assertReadForDecisionOptions, prepareDecision } from '@leftfold/core/append';
import type { HighWaterWatch, PlaceInEra } from '../high-water/high-water-watch.ts';
import { spanOf } from '../sql/events.ts';
import { PAGE_EVENTS } from '../sql/page.ts';
import { queriedWords } from '../sql/queried-words.ts';
import { flattenPages } from './flatten-pages.ts';
import type { LogPage } from './log-page.ts';
import type { LogReader } from './log-reader.ts';
import type { LastMatch } from './wanted.ts';

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
  given: DecisionQueries,
  options: ReadForDecisionOptions,
): Promise<DecisionRead> {
  assertReadForDecisionOptions(options);
  const queries = prepareDecision(given, reader.catalog).map(
    ({ last = false, ...query }): PartOfDecision => ({ last, query }),
  );
  const failIfMatch = queries.map(({ query }) => query);
  const stored = failIfMatch.map((query) => reader.catalog.asStored(query));
  const place = await watch.among(queriedWords(stored));
  const pages = () => pagesOfDecision(reader, queries, place, options);
  return {
    events: { [Symbol.asyncIterator]: () => flattenPages(pages())[Symbol.asyncIterator]() },
    condition: { failIfMatch, after: place.after },
    era: place.era,
  };
}

interface PartOfDecision {
  readonly query: EventQuery;
  /** Only the last event that matches is read. */
  readonly last: boolean;
}

/** @param place up to where they are read: not above the mark of what the queries ask for */
async function* pagesOfDecision(
  reader: LogReader,
  queries: readonly PartOfDecision[],
  { after: upTo, era }: PlaceInEra,
  { after: from = 0, unknownEvents }: ReadForDecisionOptions,
): AsyncGenerator<LogPage, void> {
  const filter = queries.filter(({ last }) => !last).map(({ query }) => query);
  const ofLast = queries.filter(({ last }) => last).map(({ query }) => query);
  const lasts = ofLast.length === 0 ? [] : await lastMatches(reader, ofLast, { upTo, unknownEvents });
  if (filter.length + lasts.length === 0) return;
  let after = from;
  while (after < upTo) {
    reader.assertSame(era);
    const range = { after, upTo, limit: PAGE_EVENTS, span: spanOf(filter) };
    const page = await reader.page({ ...range, filter, unknownEvents, lasts });
    yield page;
    after = page.position;
  }
}

/** In one statement, where an event is read as what it is stored as. */
async function lastMatches(
  reader: LogReader,
  queries: readonly EventQuery[],
  rule: { readonly upTo: number } & Pick<ReadForDecisionOptions, 'unknownEvents'>,
): Promise<readonly LastMatch[]> {
  const isExact = (query: EventQuery) =>
    reader.catalog.asStored(query) === query && (query.types !== undefined || rule.unknownEvents !== 'skip');
  const exact = queries.filter(isExact);
  const found = exact.length === 0 ? [] : await reader.latestMatches(exact, rule.upTo);
  const lasts = exact.map((query, index) => ({ query, position: found[index] }));
  for (const query of queries)
    if (!isExact(query)) lasts.push({ query, position: await lastAsRead(reader, query, rule) });
  return lasts.filter((last): last is LastMatch => last.position !== undefined);
}

/** Of the events that are stored as what the query asks for, the last one that is read as that. */
async function lastAsRead(
  reader: LogReader,
  filter: EventQuery,
  rule: { readonly upTo: number } & Pick<ReadForDecisionOptions, 'unknownEvents'>,
): Promise<number | undefined> {
  let { upTo } = rule;
  while (upTo > 0) {
    const page = await reader.page({ ...rule, after: 0, upTo, limit: 1, filter, backwards: true });
    const [event] = page;
    if (event !== undefined) return event.position;
    upTo = page.position;
  }
  return undefined;
}
