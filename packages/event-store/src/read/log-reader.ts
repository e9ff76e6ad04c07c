import {
  assertId,
  type EventCatalog,
  type EventQueries,
  type EventQuery,
  type LoadedSnapshot,
  type ReadStreamOptions,
  type StreamEvents,
  StoreUnavailableError,
} from '@leftfold/core';
import { assertQueries, listOf } from '@leftfold/core/append';
import { assertWhole, type EventPlace } from '@leftfold/core/input';
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
  readPageStatement,
} from '../sql/events.ts';
import { ANOTHER_EACH_TIME, LINEAGE_ATTEMPTS, type LogMemory } from '../lineage/log-memory.ts';
import type { EventRow } from '../sql/event-columns.ts';
import { latestMatchStatement, type LatestMatchRow } from '../sql/latest-match.ts';
import { PAGE_EVENTS, type PageRow } from '../sql/page.ts';
import { loadSnapshotStatement, type SnapshotRow } from '../sql/snapshots.ts';
import { hasEventOf, pageAfterToken, type PageRowAfterToken } from '../sql/token.ts';
import { toLoadedSnapshot } from './loaded-snapshot.ts';
import { LogPage, type ToEvents } from './log-page.ts';
import { pageOfRows } from './page-of-rows.ts';
import { readEvery, type StoredEvent } from './read-every.ts';
import { toRecordedEvents, type UnknownEvents } from './recorded-event.ts';
import { SharedTail } from './shared-tail.ts';
import { StreamRead } from './stream-read.ts';
import { type IsWanted, type LastMatch, positionsOf, wantedBy } from './wanted.ts';

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
  /** One query, or several of which any matches. @default every event */
  readonly filter?: EventQueries | undefined;
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
  /** Positions that the statement reads at most. @default 200,000 */
  readonly span?: number;
  /** Of each query, the position after which it is read. @default `after` */
  readonly starts?: readonly number[];
  /** Selected beside what the filter selects, which can then be an empty list. */
  readonly lasts?: readonly LastMatch[];
  /** Runs the statement in a transaction that has appended nothing. */
  readonly run?: StatementRunner | undefined;
}

/** Reads streams and the log, page by page. */
export class LogReader {
  readonly #run: StatementRunner;
  readonly #schema: string;
  readonly catalog: EventCatalog;
  readonly #validate: boolean;
  readonly assertOpen: () => void;
  readonly #memory: LogMemory;
  #tail: SharedTail;
  #tailEra = 0;

  constructor({ run, schema, catalog, validate, memory, assertOpen }: LogReaderOptions) {
    this.#run = run;
    this.#schema = schema;
    this.catalog = catalog;
    this.#validate = validate;
    this.assertOpen = assertOpen;
    this.#memory = memory;
    this.#tail = this.#newTail();
  }

  /**
   * @param options `upTo` must not be above the high-water mark
   * @param options.shared other readers read up to the same position now: the log is read once for all of them
   * @param options.token the event that the log must have at `after`, in the snapshot in which the page is read; not
   * backwards
   * @throws LogRewoundError when the log does not have it
   */
  async page(options: ReadPageOptions & ReadPageFrom): Promise<LogPage> {
    this.assertOpen();
    const {
      filter: given = {},
      transaction,
      shared = false,
      token,
      starts,
      lasts = [],
      limit,
      backwards,
    } = options;
    assertWhole('after', options.after);
    assertWhole('upTo', options.upTo);
    assertWhole('limit', limit, { least: 1 });
    if (lasts.length === 0) assertQueries('filter', given);
    const asked = listOf(given);
    const filter = asked.map((query) => this.catalog.asStored(query));
    const span = transaction === undefined ? (options.span ?? MAX_SPAN) : Number.POSITIVE_INFINITY;
    const range = {
      after: backwards === true ? Math.max(options.after, options.upTo - span) : options.after,
      upTo: backwards === true ? options.upTo : Math.min(options.upTo, options.after + span),
      limit,
      backwards,
    };
    const { run = transaction === undefined ? undefined : runnerInTransaction(transaction) } = options;
    const { era } = this.#memory;
    const ofTail = shared && run === undefined && token === undefined && lasts.length === 0;
    const statement = readPageStatement(this.#schema, range, filter, {
      starts,
      positions: positionsOf(lasts),
    });
    const { rows, position } =
      (ofTail ? await this.#sharedTail().page(range, filter) : undefined) ??
      pageOfRows(
        token === undefined
          ? await this.#rows<PageRow>(statement, run)
          : await this.#rowsAfter(token, statement),
        range,
      );
    const newest = backwards === true ? rows.slice(0, TAIL_REMEMBERED) : rows.slice(-TAIL_REMEMBERED);
    if (transaction === undefined) this.#remember(era, newest);
    const rest = token === undefined ? [] : await this.#restOf(token, filter);
    const isWanted = wantedBy({ queries: asked, lasts, token });
    return this.#pageOf([...rest, ...rows], { ...options, isWanted }, position);
  }

  /** The position of the last event up to a position that each query matches, as it is stored; in the order of the queries. */
  async latestMatches(
    queries: readonly EventQuery[],
    upTo: number,
    run?: StatementRunner,
  ): Promise<readonly (number | undefined)[]> {
    this.assertOpen();
    const statement = latestMatchStatement(this.#schema, queries, upTo);
    const rows = await this.#rows<LatestMatchRow>(statement, run);
    return rows.map(({ position }) => (position === null ? undefined : Number(position)));
  }

  /** @throws LogRewoundError when the log has gone back since */
  assertSame(era: number): void {
    this.#memory.assertSame(era);
  }

  get era(): number {
    return this.#memory.era;
  }

  /** @param run runs the statements in a transaction that has appended nothing */
  stream(streamId: string, options: ReadStreamOptions, run?: StatementRunner): StreamEvents {
    const read = async (statement: Statement): Promise<readonly PageRow[]> => {
      this.assertOpen();
      const { era } = this.#memory;
      const rows = await this.#rows<PageRow>(statement, run);
      this.#remember(era, rows.slice(...(options.backwards === true ? [0, 1] : [-1])));
      return rows;
    };
    const toPage = (rows: readonly PageRow[]) => this.#pageOf(rows, options);
    return new StreamRead({ schema: this.#schema, read, toPage }, streamId, options);
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
    this.assertOpen();
    assertId('stream id', streamId);
    assertId('snapshot key', key);
    const { era } = this.#memory;
    const rows = await this.#rows<SnapshotRow>(
      loadSnapshotStatement(this.#schema, streamId, key, PAGE_EVENTS),
    );
    this.#remember(era, rows.slice(-1));
    return toLoadedSnapshot(rows, this.#toEvents({}));
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
  async #restOf({ position, index }: EventPlace, filter: readonly EventQuery[]): Promise<readonly PageRow[]> {
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
    return new SharedTail((range) => this.#rows<PageRow>(readPageStatement(this.#schema, range, [])));
  }

  async #rows<TRow extends object>(statement: Statement, run?: StatementRunner): Promise<readonly TRow[]> {
    for (let attempt = 0; attempt < LINEAGE_ATTEMPTS; attempt += 1) {
      if (run === undefined) await this.#memory.learn();
      const { lineage } = this.#memory;
      try {
        const rows = await (run ?? this.#run)<TRow>(statement);
        // Otherwise another request has found another lineage meanwhile, and these may be the rows of the server before.
        if (run !== undefined || lineage === this.#memory.lineage) return rows;
      } catch (error) {
        throw toLeftfoldError(error, this.#schema);
      }
    }
    throw new StoreUnavailableError(ANOTHER_EACH_TIME);
  }

  #pageOf(rows: readonly EventRow[], rule: ReadRule, position = 0): LogPage {
    return new LogPage(rows, position, this.#toEvents(rule), this.catalog);
  }

  #toEvents({ unknownEvents, validate = this.#validate, isWanted }: ReadRule): ToEvents {
    return (row) => {
      if (unknownEvents === 'skip' && !this.catalog.reads(row.type)) return [];
      const events = toRecordedEvents(this.catalog, row, validate);
      return isWanted === undefined ? events : events.filter(isWanted);
    };
  }
}
