import type { EventQuery } from '@leftfold/core';
import { matchesQuery } from '@leftfold/core/append';
import type { PageRange } from '../sql/events.ts';
import { isFullPage, PAGE_BYTES, PAGE_EVENTS, type PageRow, sizeOf } from '../sql/page.ts';
import type { PageOfRows } from './page-of-rows.ts';

/** Rows kept for readers that ask a little later. */
const MAX_ROWS = 4_000;
/** Characters of the kept rows. */
const MAX_SIZE = 4 * PAGE_BYTES;

/** Reads every row of a range, whatever its type. */
export type ReadTail = (range: PageRange) => Promise<readonly PageRow[]>;

/**
 * The newest rows of the log, read once for all readers of a process and filtered in memory.
 *
 * It serves readers that were woken together at the end of the log. Other readers query the database with their filter.
 * Rows hold JSON as text, of which each reader makes events of its own.
 */
export class SharedTail {
  readonly #read: ReadTail;
  #rows: PageRow[] = [];
  #size = 0;
  /** `#rows` are all rows with #from < position <= #to. */
  #from = 0;
  #to = 0;
  #extending: Promise<void> = Promise.resolve();

  constructor(read: ReadTail) {
    this.#read = read;
  }

  /** @returns undefined when the range is not at the end of the log: read it from the database */
  async page(range: PageRange, filter: readonly EventQuery[]): Promise<PageOfRows | undefined> {
    if (range.upTo - Math.max(range.after, this.#to) > MAX_ROWS) return undefined;
    if (range.after > this.#to) this.#restartAt(range.after);
    if (range.after < this.#from) return undefined;
    while (this.#to < range.upTo && this.#to <= range.after) await this.#extend(range.upTo);
    // Concurrent calls may have moved the tail during the wait.
    if (range.after < this.#from) return undefined;
    const upTo = Math.min(range.upTo, this.#to);
    const rows: PageRow[] = [];
    let size = 0;
    for (let index = this.#firstAfter(range.after); index < this.#rows.length; index += 1) {
      const row = this.#rows[index]!;
      if (Number(row.position) > upTo) break;
      const event = { type: row.type, streamId: row.stream_id, tags: row.tags };
      if (!filter.some((query) => matchesQuery(event, query))) continue;
      rows.push(row);
      size += sizeOf(row);
      if (rows.length >= range.limit || size >= PAGE_BYTES) return { rows, position: Number(row.position) };
    }
    return { rows, position: upTo };
  }

  #restartAt(position: number): void {
    this.#rows = [];
    this.#size = 0;
    this.#from = position;
    this.#to = position;
  }

  /** One read at a time: concurrent calls wait for it and check again. */
  #extend(upTo: number): Promise<void> {
    const extended = this.#extending.then(async () => {
      const after = this.#to;
      if (after >= upTo) return;
      const rows = await this.#read({ after, upTo, limit: PAGE_EVENTS });
      if (this.#to !== after) return;
      for (const row of rows) {
        this.#rows.push(row);
        this.#size += sizeOf(row);
      }
      this.#to = isFullPage(rows, PAGE_EVENTS) ? Number(rows.at(-1)!.position) : upTo;
      this.#dropOldest();
    });
    this.#extending = extended.catch(() => {});
    return extended;
  }

  #dropOldest(): void {
    let count = 0;
    while (this.#rows.length - count > MAX_ROWS || this.#size > MAX_SIZE) {
      this.#size -= sizeOf(this.#rows[count]!);
      count += 1;
    }
    const dropped = this.#rows.splice(0, count).at(-1);
    if (dropped !== undefined) this.#from = Number(dropped.position);
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
