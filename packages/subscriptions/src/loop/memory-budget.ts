/** Estimated bytes of the events that a runner's subscriptions process at one time. */
export const EVENT_MEMORY = 64 * 1024 * 1024;

interface Waiting {
  readonly bytes: number;
  readonly resolve: () => void;
}

/**
 * Memory that the loops of one runner share. It is given in the order of the requests; one for more than all of it is
 * granted when nothing else is taken.
 *
 * Wait only while nothing is held, or while what is held is freed whatever the wait does: otherwise loops wait for each
 * other.
 */
export class MemoryBudget {
  readonly #limit: number;
  #taken = 0;
  readonly #waiting: Waiting[] = [];

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns false when there is no room now: nothing was taken */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#hasRoomFor(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Resolves when the bytes are taken. */
  async take(bytes: number): Promise<void> {
    if (this.tryTake(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ bytes, resolve });
    });
  }

  free(bytes: number): void {
    this.#taken -= bytes;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#hasRoomFor(next.bytes)) return;
      this.#taken += next.bytes;
      this.#waiting.shift();
      next.resolve();
    }
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#limit;
  }
}
