/** A batch that takes longer is too large: stopping waits for it, and so do readers that wait for its rows. */
const TARGET_MS = 200;
const FIRST_SIZE = 200;
/** Batches of one size after which the duration of another size is forgotten: what a batch costs changes. */
const COMPARED_BATCHES = 8;
/** A single event that takes longer is not tried together with another one. */
const LONGEST_PROBE_MS = 2_000;

/** How long a batch took. */
interface Measured {
  readonly events: number;
  readonly ms: number;
}

/**
 * How many events the next batch may have. Grows while batches are fast, shrinks when they are slow, and goes down to
 * one event to find the one at which a batch fails.
 *
 * A batch that is slow by itself, for a distant or busy database, would take as long with fewer events. So two sizes are
 * compared: as long as the events take less than half as long as the rest of a batch, it grows, and a batch takes at most
 * about twice as long as one without events.
 */
export class BatchSize {
  readonly #max: number;
  readonly #least: number;
  #current: number;
  /** The last batch, and the last one before it that had another size. */
  #last: Measured | undefined;
  #other: Measured | undefined;
  #ofOneSize = 0;

  /** @param least what a slow batch does not go below. @default 1 */
  constructor(max: number, least = 1) {
    this.#max = Math.max(max, least);
    this.#least = least;
    this.#current = Math.max(least, Math.min(FIRST_SIZE, max));
  }

  get current(): number {
    return this.#current;
  }

  /** Records that a batch was written. */
  applied(eventCount: number, durationMs: number): void {
    if (eventCount < 1) return;
    const isFull = eventCount >= this.#current;
    const eventsMs = this.#eventsMs({ events: eventCount, ms: durationMs });
    const pays = eventsMs === undefined ? durationMs <= TARGET_MS : eventsMs < (durationMs - eventsMs) / 2;
    if (pays || durationMs < TARGET_MS / 2) {
      if (isFull) this.#set(this.#current * 2);
    } else if (durationMs > TARGET_MS) {
      const isLeast = this.#current <= this.#least && isFull && eventsMs === undefined;
      if (isLeast && durationMs <= LONGEST_PROBE_MS) this.#set(this.#current * 2);
      else this.#set(Math.max(this.#least, eventCount / 2));
    }
  }

  /** How long the events of a batch took, as far as another batch tells. */
  #eventsMs(measured: Measured): number | undefined {
    const last = this.#last;
    this.#last = measured;
    if (last !== undefined && differs(last.events, measured.events)) {
      this.#other = last;
      this.#ofOneSize = 0;
    }
    this.#ofOneSize += 1;
    if (this.#ofOneSize > COMPARED_BATCHES) this.#other = undefined;
    if (this.#other === undefined) return undefined;
    const perEvent = (measured.ms - this.#other.ms) / (measured.events - this.#other.events);
    return Math.min(measured.ms, Math.max(0, perEvent * measured.events));
  }

  /**
   * Records that a batch failed.
   *
   * @param before how many of its events came before the one that failed, if known
   * @returns false when the batch cannot be made smaller: its one event is the one that fails
   */
  failed(eventCount: number, before: number | undefined): boolean {
    if (eventCount <= 1) return false;
    // First those that came before the failing event; when there are none, the failing event alone.
    this.#set(before === undefined ? eventCount / 2 : before);
    return true;
  }

  #set(size: number): void {
    this.#current = Math.max(1, Math.min(this.#max, Math.floor(size)));
  }
}

/** Whether two sizes tell what events cost, more than chance does. */
function differs(one: number, other: number): boolean {
  return Math.max(one, other) >= 1.5 * Math.min(one, other);
}
