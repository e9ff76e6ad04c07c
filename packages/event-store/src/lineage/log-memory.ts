import { LogRewoundError, type RecordedEvent } from '@leftfold/core';
import { type StatementRunner, toLeftfoldError } from '@leftfold/postgres';
import { checkLineageStatement, type LineageRow } from '../sql/lineage.ts';
import { KnownEvents } from './known-events.ts';

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
  #checking: Promise<void> | undefined;

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

  /** @throws LogRewoundError when the log has gone back since that era */
  assertSame(era: number): void {
    if (era !== this.#era && this.#rewound !== undefined) throw this.#rewound;
  }

  /** Events that are committed. */
  remember(events: Iterable<Pick<RecordedEvent, 'position' | 'id'>>): void {
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
  check(run?: StatementRunner): Promise<void> {
    if (run !== undefined) return this.#check(run);
    this.#checking ??= this.#check(this.#options.run).finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(run: StatementRunner): Promise<void> {
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
    if (row.lost_from === null) return;
    this.#known.clear();
    this.#era += 1;
    this.#rewound = new LogRewoundError({ lostFrom: Number(row.lost_from), lostTo, end: Number(row.end) });
    onRewound(this.#rewound);
  }
}
