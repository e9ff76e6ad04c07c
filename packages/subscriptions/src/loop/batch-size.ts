/** A batch that takes longer is too large: stopping waits for it, and so do readers that wait for its rows. */
const TARGET_MS = 200;
const FIRST_SIZE = 200;

/**
 * How many events the next batch may have. Grows while batches are fast, shrinks when they are slow, and goes down to
 * one event to find the one at which a batch fails.
 */
export class BatchSize {
  readonly #max: number;
  #current: number;

  readonly #least: number;

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
    if (durationMs > TARGET_MS) this.#set(Math.max(this.#least, eventCount / 2));
    else if (eventCount >= this.#current && durationMs < TARGET_MS / 2) this.#set(this.#current * 2);
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
