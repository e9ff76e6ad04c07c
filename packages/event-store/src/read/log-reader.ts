import {
  assertId,
  type EventCatalog,
  type EventQuery,
  type LoadedSnapshot,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type TaggedQuery,
} from '@leftfold/core';
import { assertQuery, assertReadAllOptions, assertReadStreamOptions } from '@leftfold/core/append';
import { assertWhole, type EventPlace, placeAfter } from '@leftfold/core/input';
import {
  type CallerTransaction,
  runnerInTransaction,
  type Statement,
  type StatementRunner,
  toLeftfoldError,
  toSafeNumber,
} from '@leftfold/postgres';
import {
  eventsByIdStatement,
  eventsOfCommandStatement,
  type PageRange,
  readMatchesStatement,
  readPageStatement,
  readStreamStatement,
  spanOf,
} from '../sql/events.ts';
import type { PlaceInEra } from '../high-water/high-water-watch.ts';
import type { LogMemory } from '../lineage/log-memory.ts';
import type { EventRow } from '../sql/event-columns.ts';
import { isFullPage, PAGE_EVENTS, type PageRow } from '../sql/page.ts';
import { loadSnapshotStatement, type SnapshotRow } from '../sql/snapshots.ts';
import { hasEventOf, pageAfterToken, type PageRowAfterToken } from '../sql/token.ts';
import { flattenPages } from './flatten-pages.ts';
import { LogPage } from './log-page.ts';
import { pageOfRows } from './page-of-rows.ts';
import { readEvery } from './read-every.ts';
import { toRecordedEvent, type UnknownEvents } from './recorded-event.ts';
import { SharedTail } from './shared-tail.ts';

/**
 * Positions that one statement reads at most: where few events match a filter, a page of them could take minutes, and
 * could not be told from a connection that is silent.
 */
const MAX_SPAN = 200_000;

/** Events of a page that are remembered: those committed last are among the highest positions. */
const TAIL_REMEMBERED = 100;

export interface LogReaderOptions {
  readonly run: StatementRunner;
  readonly schema: string;
  readonly catalog: EventCatalog;
  /** Validate payloads that are read. */
  readonly validate: boolean;
  readonly memory: LogMemory;
  /** @throws ClosedError when nothing may be read any more */
  readonly assertOpen: () => void;
}

export interface ReadPageOptions extends PageRange {
  readonly filter?: EventQuery | undefined;
  readonly unknownEvents?: UnknownEvents | undefined;
  /** Reads what this transaction sees. `upTo` may be above the high-water mark if the transaction excludes appends. */
  readonly transaction?: CallerTransaction | undefined;
}

interface ReadPageFrom {
  readonly shared?: boolean;
  readonly token?: EventPlace | undefined;
}

/** Reads streams and the log, page by page. */
export class LogReader {
  readonly #run: StatementRunner;
  readonly #schema: string;
  readonly catalog: EventCatalog;
  readonly #validate: boolean;
  readonly #assertOpen: () => void;
  readonly #memory: LogMemory;
  #tail: SharedTail;
  #tailEra = 0;

  constructor({ run, schema, catalog, validate, memory, assertOpen }: LogReaderOptions) {
    this.#run = run;
    this.#schema = schema;
    this.catalog = catalog;
    this.#validate = validate;
    this.#assertOpen = assertOpen;
    this.#memory = memory;
    this.#tail = this.#newTail();
  }

  /**
   * @param options `upTo` must not be above the high-water mark
   * @param options.shared other readers read up to the same position now: the log is read once for all of them
   * @param options.token the event that the log must have at `after`, in the snapshot in which the page is read
   * @throws LogRewoundError when the log does not have it
   */
  async page(options: ReadPageOptions & ReadPageFrom): Promise<LogPage> {
    this.#assertOpen();
    const { after, limit, filter = {}, unknownEvents = 'fail', transaction, shared = false, token } = options;
    assertWhole('after', after);
    assertWhole('upTo', options.upTo);
    assertWhole('limit', limit, { least: 1 });
    assertQuery('filter', filter);
    const upTo = transaction === undefined ? Math.min(options.upTo, after + MAX_SPAN) : options.upTo;
    const range = { after, upTo, limit };
    const run = transaction === undefined ? undefined : runnerInTransaction(transaction);
    const { era } = this.#memory;
    const statement = readPageStatement(this.#schema, range, filter);
    const { rows, position } =
      token === undefined
        ? ((shared && run === undefined ? await this.#sharedTail().page(range, filter) : undefined) ??
          pageOfRows(await this.#rows<PageRow>(statement, run), range))
        : pageOfRows(await this.#rowsAfter(token, statement), range);
    if (run === undefined) this.#remember(era, rows.slice(-TAIL_REMEMBERED));
    return this.#pageOf(rows, unknownEvents, position);
  }

  /**
   * The events that any of the queries matches, from the beginning of the log; all over again for each iteration.
   *
   * @param place up to where they are read: not above the mark of the queries' tags
   */
  matches(
    queries: readonly TaggedQuery[],
    place: PlaceInEra,
    unknownEvents: UnknownEvents | undefined,
  ): AsyncIterable<RecordedEvent> {
    return {
      [Symbol.asyncIterator]: () =>
        flattenPages(this.#pagesOfMatches(queries, place, unknownEvents))[Symbol.asyncIterator](),
    };
  }

  async *#pagesOfMatches(
    queries: readonly TaggedQuery[],
    { after: upTo, era }: PlaceInEra,
    unknownEvents: UnknownEvents = 'fail',
  ): AsyncGenerator<LogPage, void> {
    let after = 0;
    while (after < upTo) {
      this.#assertOpen();
      this.#memory.assertSame(era);
      const range = { after, upTo: Math.min(upTo, after + spanOf(queries)), limit: PAGE_EVENTS };
      const statement = readMatchesStatement(this.#schema, range, queries);
      const { rows, position } = pageOfRows(await this.#rows<PageRow>(statement), range);
      this.#remember(era, rows.slice(-TAIL_REMEMBERED));
      yield this.#pageOf(rows, unknownEvents, position);
      after = position;
    }
  }

  /** @param highWaterMark called when the first event is requested, with the position after which it is read */
  all(
    options: ReadAllOptions,
    highWaterMark: (after: number) => Promise<number>,
  ): AsyncIterable<RecordedEvent> {
    return flattenPages(this.#pagesOfLog(options, highWaterMark));
  }

  stream(streamId: string, options: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return flattenPages(this.#pagesOfStream(streamId, options));
  }

  async *#pagesOfLog(
    options: ReadAllOptions,
    highWaterMark: (after: number) => Promise<number>,
  ): AsyncGenerator<LogPage, void> {
    assertReadAllOptions(options, this.catalog);
    const { filter, unknownEvents, signal } = options;
    const place = placeAfter('after', options.after);
    let after = place.position;
    // The first page checks it, also when no event follows.
    let token = place.eventId === undefined ? undefined : place;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    this.#assertOpen();
    const upTo = await highWaterMark(after);
    const { era } = this.#memory;
    while ((after < upTo || token !== undefined) && left > 0 && signal?.aborted !== true) {
      this.#memory.assertSame(era);
      const limit = Math.min(PAGE_EVENTS, left);
      const page = await this.page({ after, upTo, limit, filter, unknownEvents, token });
      token = undefined;
      yield page;
      left -= page.count;
      after = page.position;
    }
  }

  async *#pagesOfStream(streamId: string, options: ReadStreamOptions): AsyncGenerator<LogPage, void> {
    assertId('stream id', streamId);
    assertReadStreamOptions(options);
    const { backwards = false, unknownEvents = 'fail', untilPosition, untilTime, signal } = options;
    let from = options.from ?? 1;
    let to = options.to ?? Number.MAX_SAFE_INTEGER;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    while (from <= to && left > 0 && signal?.aborted !== true) {
      const limit = Math.min(PAGE_EVENTS, left);
      const range = { from, to, backwards, limit, untilPosition, untilTime };
      this.#assertOpen();
      const { era } = this.#memory;
      const rows = await this.#rows<PageRow>(readStreamStatement(this.#schema, streamId, range));
      this.#remember(era, backwards ? rows.slice(0, 1) : rows.slice(-1));
      const page = this.#pageOf(rows, unknownEvents);
      yield page;
      const last = rows.at(-1);
      if (last === undefined || !isFullPage(rows, limit)) return;
      left -= page.count;
      if (backwards) to = Number(last.stream_version) - 1;
      else from = Number(last.stream_version) + 1;
    }
  }

  async byIds(ids: readonly string[], run?: StatementRunner): Promise<readonly RecordedEvent[]> {
    return this.#every((after) => eventsByIdStatement(this.#schema, ids, after), run);
  }

  async ofCommand(commandId: string, run?: StatementRunner): Promise<readonly RecordedEvent[]> {
    assertId('command id', commandId);
    return this.#every((after) => eventsOfCommandStatement(this.#schema, commandId, after), run);
  }

  /** @param run runs the queries in a transaction */
  #every(pageAfter: (position: number) => Statement, run?: StatementRunner) {
    const { era } = this.#memory;
    return readEvery(async (position) => {
      this.#memory.assertSame(era);
      return this.#rows<PageRow>(pageAfter(position), run);
    }, this.#toEvent);
  }

  /** A stream's snapshot with the events from its version on, unless they exceed one page. One round trip. */
  async snapshot(streamId: string, key: string): Promise<LoadedSnapshot | undefined> {
    this.#assertOpen();
    assertId('stream id', streamId);
    assertId('snapshot key', key);
    const statement = loadSnapshotStatement(this.#schema, streamId, key, PAGE_EVENTS);
    const rows = await this.#rows<SnapshotRow>(statement);
    const [first] = rows;
    // The snapshot's event is not in the log at its version: the snapshot is not valid.
    if (first === undefined || first.snapshot_position === null) return undefined;
    return {
      streamVersion: toSafeNumber(first.stream_version),
      position: first.snapshot_position,
      state: first.state,
      tail: isFullPage(rows, PAGE_EVENTS) ? undefined : rows.map(this.#toEvent),
    };
  }

  /** @throws LogRewoundError when the log does not have the event of the token */
  async #rowsAfter(token: EventPlace, statement: Statement): Promise<readonly PageRow[]> {
    const { era } = this.#memory;
    const rows = await this.#rows<PageRowAfterToken>(pageAfterToken(this.#schema, statement));
    const { position, eventId: id } = token;
    const [first] = rows;
    if (first === undefined) throw new TypeError('the statement of a page after a token returned no row');
    hasEventOf(token, first, 0);
    if (id !== undefined) this.#memory.remember(era, [{ position, id }]);
    return rows.filter((row): row is PageRow & PageRowAfterToken => row.position !== null);
  }

  /** Rows that are committed. */
  #remember(era: number, rows: readonly EventRow[]): void {
    this.#memory.remember(
      era,
      rows.map((row) => ({ position: Number(row.position), id: row.event_id })),
    );
  }

  /** Rows of an earlier era are dropped. */
  #sharedTail(): SharedTail {
    if (this.#tailEra !== this.#memory.era) this.#tail = this.#newTail();
    return this.#tail;
  }

  #newTail(): SharedTail {
    this.#tailEra = this.#memory.era;
    return new SharedTail((range) => this.#rows<PageRow>(readPageStatement(this.#schema, range, {})));
  }

  async #rows<TRow extends object>(statement: Statement, run?: StatementRunner): Promise<readonly TRow[]> {
    if (run === undefined) await this.#memory.learn();
    try {
      return await (run ?? this.#run)<TRow>(statement);
    } catch (error) {
      throw toLeftfoldError(error, this.#schema);
    }
  }

  #pageOf(rows: readonly EventRow[], unknownEvents: UnknownEvents, position = 0): LogPage {
    const known = unknownEvents === 'fail' ? rows : rows.filter(({ type }) => this.catalog.has(type));
    return new LogPage(known, position, this.#toEvent);
  }

  readonly #toEvent = (row: EventRow): RecordedEvent => toRecordedEvent(this.catalog, row, this.#validate);
}
