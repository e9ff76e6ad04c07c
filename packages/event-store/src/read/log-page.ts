import { estimatedJsonSize, type EventCatalog, type RecordedEvent, type StoredPlace } from '@leftfold/core';
import type { ReadOutcome } from '../history/history-report.ts';
import type { EventRow } from '../sql/event-columns.ts';
import { sizeOf } from '../sql/page.ts';
import { placeOf } from './recorded-event.ts';

/** What an event takes in memory beside its data, its metadata and the text of its tags. */
const ROW_MEMORY = 512;

/** Makes the events that a row is read as. @throws what upcasting or validating the event throws */
export type ToEvents = (row: EventRow) => readonly RecordedEvent[];

/** How far a read of several pages has come. */
export interface ReadProgress {
  /** How many events are left to read. Below 0 when the last stored event is read as more. */
  left: number;
  /** The last stored event whose events were made. */
  last: StoredPlace | undefined;
}

/**
 * A page of the log.
 *
 * It holds rows with JSON as text and makes events of them when they are used: in memory, an event can take twenty times
 * the bytes of its text. To hold one event at a time, iterate over the page. A row of a retired type is read as any number
 * of events; they are never on two pages.
 */
export class LogPage implements Iterable<RecordedEvent> {
  /** Every event up to this position that matches the filter is in this page or an earlier one. */
  readonly position: number;
  readonly #rows: readonly EventRow[];
  readonly #toEvents: ToEvents;
  readonly #catalog: EventCatalog;
  #events: readonly RecordedEvent[] | undefined;

  constructor(rows: readonly EventRow[], position: number, toEvents: ToEvents, catalog: EventCatalog) {
    this.#catalog = catalog;
    this.position = position;
    this.#rows = rows;
    this.#toEvents = toEvents;
  }

  /** The events, made when they are first asked for. @throws UnknownEventError, InvalidEventError */
  get events(): readonly RecordedEvent[] {
    this.#events ??= this.#rows.flatMap(this.#toEvents);
    return this.#events;
  }

  /** How many stored events the page has. */
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
  [Symbol.iterator](): Iterator<RecordedEvent> {
    return this.within({ left: Number.POSITIVE_INFINITY, last: undefined });
  }

  /** Each stored event, with the error of making its events if there is one, and whether they lack tags. */
  *outcomes(): Generator<ReadOutcome, void, undefined> {
    for (const row of this.#rows) {
      let error: unknown;
      let untagged = false;
      try {
        untagged = this.#toEvents(row).some((event) => this.#catalog.lacksTags(event));
      } catch (thrown) {
        error = thrown;
      }
      const { stream_id: streamId, type, schema_version: schemaVersion } = row;
      yield { ...placeOf(row), streamId, type, schemaVersion, error, untagged };
    }
  }

  /**
   * Makes the events one by one, as long as some are left. Those that one stored event is read as are not separated.
   *
   * @throws UnknownEventError, InvalidEventError at the event concerned
   */
  *within(progress: ReadProgress): Generator<RecordedEvent, void, undefined> {
    for (const row of this.#rows) {
      if (progress.left <= 0) return;
      const events = this.#toEvents(row);
      progress.last = placeOf(row);
      progress.left -= events.length;
      for (const event of events) yield event;
    }
  }
}
