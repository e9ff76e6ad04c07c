import type {
  DecisionQueries,
  DecisionRead,
  EventQuery,
  ReadForDecisionOptions,
  RecordedEvent,
} from '@leftfold/core';
import { assertReadForDecisionOptions, prepareDecision } from '@leftfold/core/append';
import type { StatementRunner } from '@leftfold/postgres';
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
  run?: StatementRunner,
): Promise<DecisionRead> {
  assertReadForDecisionOptions(options);
  const queries = prepareDecision(given, reader.catalog).map(
    ({ last = false, after = options.after ?? 0, ...query }): PartOfDecision => ({ last, after, query }),
  );
  const failIfMatch = queries.map(({ query }) => query);
  const stored = failIfMatch.map((query) => reader.catalog.asStored(query));
  const marked = watch.among(queriedWords(stored), run);
  const pages = new DecisionPages(reader, queries, { ...options, run });
  // On one connection the page is read after the mark, before the mark has come back.
  if (run !== undefined) pages.readAhead();
  const place = await marked;
  return {
    events: { [Symbol.asyncIterator]: () => flattenPages(pages.upTo(place))[Symbol.asyncIterator]() },
    condition: { failIfMatch, after: place.after },
    era: place.era,
  };
}

interface PartOfDecision {
  readonly query: EventQuery;
  /** Only events after this position are read. */
  readonly after: number;
  /** Only the last event that matches is read. */
  readonly last: boolean;
}

interface DecisionReadOptions extends ReadForDecisionOptions {
  /** Runs statements in a transaction. */
  readonly run: StatementRunner | undefined;
}

class DecisionPages {
  readonly #reader: LogReader;
  readonly #options: DecisionReadOptions;
  readonly #filter: readonly PartOfDecision[];
  readonly #lasts: readonly PartOfDecision[];
  readonly #after: number;
  /** The first page, for the first iteration. It may have events after the mark. */
  #ahead: Promise<LogPage> | undefined;

  constructor(reader: LogReader, queries: readonly PartOfDecision[], options: DecisionReadOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#filter = queries.filter(({ last }) => !last);
    this.#lasts = queries.filter(({ last }) => last);
    this.#after = Math.min(...queries.map(({ after }) => after));
  }

  /** Sends for the first page. Which events are the last ones is known only after the mark. */
  readAhead(): void {
    if (this.#lasts.length > 0) return;
    this.#ahead = this.#page(this.#after, Number.MAX_SAFE_INTEGER, []);
    this.#ahead.catch(() => {}); // thrown where it is read
  }

  /** @param place up to where they are read: not above the mark of what the queries ask for */
  async *upTo({ after: upTo, era }: PlaceInEra): AsyncGenerator<Iterable<RecordedEvent>, void> {
    const queries = this.#lasts.map(({ query }) => query);
    const found =
      queries.length === 0 ? [] : await lastMatches(this.#reader, queries, { ...this.#options, upTo });
    const lasts = found.filter(({ query, position }) =>
      this.#lasts.some((part) => part.query === query && part.after < position),
    );
    if (this.#filter.length + lasts.length === 0) return;
    let after = this.#after;
    while (after < upTo) {
      this.#reader.assertSame(era);
      const ahead = this.#ahead;
      this.#ahead = undefined;
      const page = await (ahead ?? this.#page(after, upTo, lasts));
      yield ahead === undefined ? page : until(upTo, page);
      after = page.position;
    }
  }

  #page(after: number, upTo: number, lasts: readonly LastMatch[]): Promise<LogPage> {
    const { unknownEvents, run } = this.#options;
    const filter = this.#filter.map(({ query }) => query);
    const starts = this.#filter.map((part) => part.after);
    const range = { after, upTo, limit: PAGE_EVENTS, span: spanOf(filter) };
    return this.#reader.page({ ...range, filter, starts, unknownEvents, lasts, run });
  }
}

function* until(upTo: number, events: Iterable<RecordedEvent>): Iterable<RecordedEvent> {
  for (const event of events) if (event.position <= upTo) yield event;
}

type LastRule = { readonly upTo: number } & Pick<DecisionReadOptions, 'unknownEvents' | 'run'>;

/** In one statement, where an event is read as what it is stored as. */
async function lastMatches(
  reader: LogReader,
  queries: readonly EventQuery[],
  rule: LastRule,
): Promise<readonly LastMatch[]> {
  const isExact = (query: EventQuery) =>
    reader.catalog.asStored(query) === query && (query.types !== undefined || rule.unknownEvents !== 'skip');
  const exact = queries.filter(isExact);
  const found = exact.length === 0 ? [] : await reader.latestMatches(exact, rule.upTo, rule.run);
  const lasts = exact.map((query, index) => ({ query, position: found[index] }));
  for (const query of queries)
    if (!isExact(query)) lasts.push({ query, position: await lastAsRead(reader, query, rule) });
  return lasts.filter((last): last is LastMatch => last.position !== undefined);
}

/** Of the events that are stored as what the query asks for, the last one that is read as that. */
async function lastAsRead(
  reader: LogReader,
  filter: EventQuery,
  rule: LastRule,
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
