import {
  assertId,
  type EventCatalog,
  type EventQuery,
  type LoadedSnapshot,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StreamEvents,
} from '@leftfold/core';
import { assertQuery, assertReadAllOptions } from '@leftfold/core/append';
import { assertWhole, type EventPlace, placeAfter } from '@leftfold/core/input';
import {
  type CallerTransaction,
  runnerInTransaction,
  type Statement,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import {
  eventsByIdStatement,
  eventsOfCommandStatement,
  type PageRange,
  readMatchesStatement,
  readPageStatement,
  spanOf,
} from '../sql/events.ts';
import type { PlaceInEra } from '../high-water/high-water-watch.ts';
import type { LogMemory } from '../lineage/log-memory.ts';
import type { EventRow } from '../sql/event-columns.ts';
import { PAGE_EVENTS, type PageRow } from '../sql/page.ts';
import { loadSnapshotStatement, type SnapshotRow } from '../sql/snapshots.ts';
import { hasEventOf, pageAfterToken, type PageRowAfterToken } from '../sql/token.ts';
import { flattenPages } from './flatten-pages.ts';
import { toLoadedSnapshot } from './loaded-snapshot.ts';
import { LogPage, type ReadProgress, type ToEvents } from './log-page.ts';
import { pageOfRows } from './page-of-rows.ts';
import { readEvery, type StoredEvent } from './read-every.ts';
import { toRecordedEvents, type UnknownEvents } from './recorded-event.ts';
import { SharedTail } from './shared-tail.ts';
import { StreamRead } from './stream-read.ts';
import { type IsWanted, wantedBy } from './wanted.ts';

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
  /** @default as the store does */
  readonly validate?: boolean | undefined;
  /** Reads what this transaction sees. `upTo` may be above the high-water mark if the transaction excludes appends. */
  readonly transaction?: CallerTransaction | undefined;
}

interface ReadRule extends Pick<ReadPageOptions, 'unknownEvents' | 'validate'> {
  /** @default every event */
  readonly isWanted?: IsWanted;
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
    const { after, limit, filter: asked = {}, transaction, shared = false, token } = options;
    assertWhole('after', after);
    assertWhole('upTo', options.upTo);
    assertWhole('limit', limit, { least: 1 });
    assertQuery('filter', asked);
    const filter = this.catalog.asStored(asked);
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
    const rest = token === undefined ? [] : await this.#restOf(token, filter);
    return this.#pageOf([...rest, ...rows], { ...options, isWanted: wantedBy([asked], token) }, position);
  }

  /**
   * The events that any of the queries matches, from the beginning of the log; all over again for each iteration.
   *
   * @param place up to where they are read: not above the mark of what the queries ask for
   */
  matches(
    queries: readonly EventQuery[],
    place: PlaceInEra,
    unknownEvents: UnknownEvents | undefined,
  ): AsyncIterable<RecordedEvent> {
    return {
      [Symbol.asyncIterator]: () =>
        flattenPages(this.#pagesOfMatches(queries, place, unknownEvents))[Symbol.asyncIterator](),
    };
  }

  async *#pagesOfMatches(
    queries: readonly EventQuery[],
    { after: upTo, era }: PlaceInEra,
    unknownEvents: UnknownEvents | undefined,
  ): AsyncGenerator<LogPage, void> {
    const stored = queries.map((query) => this.catalog.asStored(query));
    const rule = { unknownEvents, isWanted: wantedBy(queries) };
    let after = 0;
    while (after < upTo) {
      this.#assertOpen();
      this.#memory.assertSame(era);
      const range = { after, upTo: Math.min(upTo, after + spanOf(queries)), limit: PAGE_EVENTS };
      const statement = readMatchesStatement(this.#schema, range, stored);
      const { rows, position } = pageOfRows(await this.#rows<PageRow>(statement), range);
      this.#remember(era, rows.slice(-TAIL_REMEMBERED));
      yield this.#pageOf(rows, rule, position);
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

  stream(streamId: string, options: ReadStreamOptions): StreamEvents {
    const read = async (statement: Statement): Promise<readonly PageRow[]> => {
      this.#assertOpen();
      const { era } = this.#memory;
      const rows = await this.#rows<PageRow>(statement);
      this.#remember(era, options.backwards === true ? rows.slice(0, 1) : rows.slice(-1));
      return rows;
    };
    const toPage = (rows: readonly PageRow[]) => this.#pageOf(rows, options);
    return new StreamRead({ schema: this.#schema, read, toPage }, streamId, options);
  }

  async *#pagesOfLog(
    options: ReadAllOptions,
    highWaterMark: (after: number) => Promise<number>,
  ): AsyncGenerator<Iterable<RecordedEvent>, void> {
    assertReadAllOptions(options, this.catalog);
    const { filter, unknownEvents, signal } = options;
    const place = placeAfter('after', options.after);
    let after = place.position;
    // The first page checks it, also when no event follows.
    let token = place.eventId === undefined ? undefined : place;
    const progress: ReadProgress = { left: options.limit ?? Number.POSITIVE_INFINITY, last: undefined };
    this.#assertOpen();
    const upTo = await highWaterMark(after);
    const { era } = this.#memory;
    while ((after < upTo || token !== undefined) && progress.left > 0 && signal?.aborted !== true) {
      this.#memory.assertSame(era);
      const limit = Math.min(PAGE_EVENTS, progress.left);
      const page = await this.page({ after, upTo, limit, filter, unknownEvents, token });
      token = undefined;
      yield page.within(progress);
      after = page.position;
    }
  }

  async byIds(ids: readonly string[], run?: StatementRunner): Promise<readonly StoredEvent[]> {
    return this.#every((after) => eventsByIdStatement(this.#schema, ids, after), run);
  }

  async ofCommand(commandId: string, run?: StatementRunner): Promise<readonly StoredEvent[]> {
    assertId('command id', commandId);
    return this.#every((after) => eventsOfCommandStatement(this.#schema, commandId, after), run);
  }

  /** @param run runs the queries in a transaction */
  #every(pageAfter: (position: number) => Statement, run?: StatementRunner) {
    const { era } = this.#memory;
    return readEvery(async (position) => {
      this.#memory.assertSame(era);
      return this.#rows<PageRow>(pageAfter(position), run);
    }, this.#toEvents({}));
  }

  /** A stream's snapshot with the events from its version on, unless they exceed one page. One round trip. */
  async snapshot(streamId: string, key: string): Promise<LoadedSnapshot | undefined> {
    this.#assertOpen();
    assertId('stream id', streamId);
    assertId('snapshot key', key);
    const statement = loadSnapshotStatement(this.#schema, streamId, key, PAGE_EVENTS);
    return toLoadedSnapshot(await this.#rows<SnapshotRow>(statement), this.#toEvents({}));
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

  /** The token's own row, when the token is of one of several events that it is read as. */
  async #restOf({ position, index }: EventPlace, filter: EventQuery): Promise<readonly PageRow[]> {
    if (index === undefined) return [];
    const range = { after: position - 1, upTo: position, limit: 1 };
    return this.#rows<PageRow>(readPageStatement(this.#schema, range, filter));
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

  #pageOf(rows: readonly EventRow[], rule: ReadRule, position = 0): LogPage {
    return new LogPage(rows, position, this.#toEvents(rule));
  }

  #toEvents({ unknownEvents, validate = this.#validate, isWanted }: ReadRule): ToEvents {
    return (row) => {
      if (unknownEvents === 'skip' && !this.catalog.reads(row.type)) return [];
      const events = toRecordedEvents(this.catalog, row, validate);
      return isWanted === undefined ? events : events.filter(isWanted);
    };
  }
}
