/** A batch that takes longer than this is too large: a stop waits for it, and so does the next reader of its rows. */
const TARGET_MS = 200;
const FIRST_SIZE = 200;

/**
 * How many events the next batch may have: grows while batches are quick, shrinks when they are slow, and goes down to
 * one to find the event at which a batch fails.
 */
export class BatchSize {
  readonly #max: number;
  #current: number;

  constructor(max: number) {
    this.#max = max;
    this.#current = Math.min(FIRST_SIZE, max);
  }

  get current(): number {
    return this.#current;
  }

  /** After a batch of so many events was applied in so many milliseconds. */
  applied(events: number, durationMs: number): void {
    if (durationMs > TARGET_MS) this.#set(events / 2);
    else if (events >= this.#current && durationMs < TARGET_MS / 2) this.#set(this.#current * 2);
  }

  /**
   * After a batch of so many events failed.
   *
   * @param goodEvents how many of them came before the one that failed, when that is known.
   * @returns false when there is nothing left to cut off: the batch's one event is the one that fails.
   */
  failed(events: number, goodEvents: number | undefined): boolean {
    if (events <= 1) return false;
    // Those before it first; when there are none, it alone.
    this.#set(goodEvents === undefined ? events / 2 : goodEvents);
    return true;
  }

  #set(size: number): void {
    this.#current = Math.max(1, Math.min(this.#max, Math.floor(size)));
  }
}
