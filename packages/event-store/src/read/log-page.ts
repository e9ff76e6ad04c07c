import { estimatedJsonSize, type RecordedEvent } from '@leftfold/core';
import type { EventRow } from '../sql/event-columns.ts';
import { sizeOf } from '../sql/page.ts';

/** What an event takes in memory beside its data, its metadata and the text of its tags. */
const ROW_MEMORY = 512;

/** Makes the event of a row. @throws what upcasting or validating the event throws */
export type ToEvent = (row: EventRow) => RecordedEvent;

/**
 * A page of the log.
 *
 * It holds rows with JSON as text and makes events of them when they are used: in memory, an event can take twenty times
 * the bytes of its text. To hold one event at a time, iterate over the page.
 */
export class LogPage implements Iterable<RecordedEvent> {
  /** Every event up to this position that matches the filter is in this page or an earlier one. */
  readonly position: number;
  readonly #rows: readonly EventRow[];
  readonly #toEvent: ToEvent;
  #events: readonly RecordedEvent[] | undefined;

  constructor(rows: readonly EventRow[], position: number, toEvent: ToEvent) {
    this.position = position;
    this.#rows = rows;
    this.#toEvent = toEvent;
  }

  /** The events, made when they are first asked for. @throws UnknownEventError, InvalidEventError */
  get events(): readonly RecordedEvent[] {
    this.#events ??= this.#rows.map(this.#toEvent);
    return this.#events;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Characters of the events' JSON and tags. O(n). */
  get size(): number {
    return this.#rows.reduce((sum, row) => sum + sizeOf(row), 0);
  }

  /** Estimated bytes that the events take in memory, as text and as values. O(n). */
  get memory(): number {
    return this.#rows.reduce(
      (sum, row) =>
        sum + ROW_MEMORY + sizeOf(row) + estimatedJsonSize(row.data) + estimatedJsonSize(row.metadata),
      0,
    );
  }

  /** Makes the events one by one. @throws UnknownEventError, InvalidEventError at the event concerned */
  *[Symbol.iterator](): Iterator<RecordedEvent> {
    for (const row of this.#rows) yield this.#toEvent(row);
  }
}
