import { LogRewoundError, type RecordedEvent } from '@leftfold/core';
import { type StatementRunner, toLeftfoldError } from '@leftfold/postgres';
import { checkLineageStatement, type LineageRow } from '../sql/lineage.ts';
import { KnownEvents } from './known-events.ts';

/** A log whose lineage differs each time has more than one server behind its address. */
export const LINEAGE_ATTEMPTS = 10;
export const ANOTHER_EACH_TIME =
  'the lineage of the log is another one at each request, and nothing was appended or read; let the address lead to one server';

export interface LogMemoryOptions {
  readonly run: StatementRunner;
  readonly schema: string;
  /** Called once each time the log was found to have gone back. */
  readonly onRewound: (error: LogRewoundError) => void;
}

/**
 * What one store remembers of the log: its lineage, and the last events that were seen in it.
 *
 * A lineage that differs only says that the log may have gone back. It has when an event that was seen is missing; then
 * a new era begins, and nothing that was read in an earlier one is trusted.
 */
export class LogMemory {
  readonly #options: LogMemoryOptions;
  readonly #known = new KnownEvents();
  #lineage: string | undefined;
  #era = 0;
  #rewound: LogRewoundError | undefined;
  #checking: Promise<number> | undefined;

  constructor(options: LogMemoryOptions) {
    this.#options = options;
  }

  /** How often the log was found to have gone back. */
  get era(): number {
    return this.#era;
  }

  /** The lineage that the database had when it was last checked; undefined before that. */
  get lineage(): string | undefined {
    return this.#lineage;
  }

  /** The highest position that was seen committed in this era; 0 before the first. */
  get newestSeen(): number {
    return this.#known.highest;
  }

  /** @throws LogRewoundError when the log has gone back since that era */
  assertSame(era: number): void {
    if (era !== this.#era && this.#rewound !== undefined) throw this.#rewound;
  }

  /**
   * Events that are committed.
   *
   * @param era in which they were asked for: the answer may come in a later one
   */
  remember(era: number, events: Iterable<Pick<RecordedEvent, 'position' | 'id'>>): void {
    if (era !== this.#era) return;
    for (const { position, id } of events) this.#known.add(position, id);
  }

  /** Asks the database for its lineage unless it is known: it must be known before anything is read. */
  async learn(): Promise<void> {
    if (this.#lineage === undefined) await this.check();
  }

  /**
   * Looks whether the log still has what is remembered, and takes its lineage over. Concurrent calls share one request.
   *
   * @throws StoreUnavailableError and other errors of the database
   */
  async check(run?: StatementRunner): Promise<void> {
    if (run !== undefined) {
      await this.#check(run);
      return;
    }
    this.#checking ??= this.#check(this.#options.run).finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  /**
   * To be called when the events of an answer are remembered: another request may have found another lineage meanwhile, of a
   * server that goes on without these events. When that cannot be asked now, the next request asks first.
   *
   * @param lineage that was known when the answer was asked for
   */
  async confirm(lineage: string | undefined): Promise<void> {
    if (lineage === this.#lineage) return;
    await this.#checking?.catch(() => {}); // it was perhaps sent before
    await this.check().catch(() => {
      this.#lineage = undefined;
    });
  }

  /**
   * Makes sure that the log has come to a position. No request when the event there, or a later one, is remembered.
   *
   * @param run runs the query in a transaction, which may have appended the event at that position
   * @throws LogRewoundError when the log ends before it
   */
  async assertReaches(position: number, run: StatementRunner = this.#options.run): Promise<void> {
    if (position <= this.#known.highest) return;
    const end = await this.#check(run);
    if (position > end) throw beyondTheEnd(position, end);
  }

  /** @returns the highest position of the log */
  async #check(run: StatementRunner): Promise<number> {
    const { schema, onRewound } = this.#options;
    const lostTo = this.#known.highest;
    let row: LineageRow | undefined;
    try {
      [row] = await run<LineageRow>(checkLineageStatement(schema, this.#known.idByPosition));
    } catch (error) {
      throw toLeftfoldError(error, schema);
    }
    if (row === undefined) throw new TypeError(`"${schema}".log has no row`);
    this.#lineage = row.lineage;
    const end = Number(row.end);
    if (row.lost_from === null) return end;
    this.#known.clear();
    this.#era += 1;
    this.#rewound = new LogRewoundError({ lostFrom: Number(row.lost_from), lostTo, end });
    onRewound(this.#rewound);
    return end;
  }
}

export function beyondTheEnd(after: number, end: number): LogRewoundError {
  return new LogRewoundError({ lostFrom: after, lostTo: after, end });
}
