import type { EventQuery, EventMetadata, JsonValue } from '@leftfold/core';
import type { PageRange } from '../sql/events.ts';
import type { EventRow } from '../sql/event-columns.ts';

/** Rows kept for readers that ask a little later. */
const MAX_ROWS = 4_000;
const CHUNK_SIZE = 1_000;

/** A row with its JSON as text. Each reader parses its own copy, so that readers do not share mutable objects. */
export type TailRow = Omit<EventRow, 'data' | 'metadata'> & {
  readonly data: string;
  readonly metadata: string;
};

/** Reads every row of a range, whatever its type. */
export type ReadTail = (range: PageRange) => Promise<readonly TailRow[]>;

/**
 * The newest rows of the log, read once for all readers of a process and filtered in memory.
 *
 * It serves readers that were woken together at the end of the log. Other readers query the database with their filter.
 */
export class SharedTail {
  readonly #read: ReadTail;
  #rows: TailRow[] = [];
  /** `#rows` are all rows with #from < position <= #to. */
  #from = 0;
  #to = 0;
  #extending: Promise<void> = Promise.resolve();

  constructor(read: ReadTail) {
    this.#read = read;
  }

  /** @returns undefined when the range is not at the end of the log: read it from the database */
  async rows(range: PageRange, filter: EventQuery): Promise<readonly EventRow[] | undefined> {
    if (range.upTo - Math.max(range.after, this.#to) > MAX_ROWS) return undefined;
    if (range.after > this.#to) this.#restartAt(range.after);
    if (range.after < this.#from) return undefined;
    while (this.#to < range.upTo) await this.#extend(range.upTo);
    // Concurrent calls may have moved the tail during the wait.
    if (range.after < this.#from) return undefined;
    const rows: EventRow[] = [];
    for (let index = this.#firstAfter(range.after); index < this.#rows.length; index += 1) {
      const row = this.#rows[index]!;
      if (Number(row.position) > range.upTo || rows.length >= range.limit) break;
      if (matches(row, filter)) rows.push(parsed(row));
    }
    return rows;
  }

  #restartAt(position: number): void {
    this.#rows = [];
    this.#from = position;
    this.#to = position;
  }

  /** One read at a time: concurrent calls wait for it and check again. */
  #extend(upTo: number): Promise<void> {
    const extended = this.#extending.then(async () => {
      const after = this.#to;
      if (after >= upTo) return;
      const rows = await this.#read({ after, upTo, limit: CHUNK_SIZE });
      if (this.#to !== after) return;
      for (const row of rows) this.#rows.push(row);
      const last = rows.at(-1);
      this.#to = rows.length >= CHUNK_SIZE && last !== undefined ? Number(last.position) : upTo;
      const dropped = this.#rows.splice(0, Math.max(0, this.#rows.length - MAX_ROWS)).at(-1);
      if (dropped !== undefined) this.#from = Number(dropped.position);
    });
    this.#extending = extended.catch(() => {});
    return extended;
  }

  /** Index of the first row after a position, by binary search. */
  #firstAfter(position: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.#rows[middle]!.position) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function parsed(row: TailRow): EventRow {
  return {
    ...row,
    data: JSON.parse(row.data) as JsonValue,
    metadata: JSON.parse(row.metadata) as EventMetadata,
  };
}

function matches(row: TailRow, { types, category, tags }: EventQuery): boolean {
  return (
    (types === undefined || types.includes(row.type)) &&
    (category === undefined || row.stream_id.startsWith(`${category}-`)) &&
    (tags === undefined || tags.every((tag) => row.tags.includes(tag)))
  );
}
