import { StoreUnavailableError } from '@leftfold/core';

/** How much may be running at a time. */
export interface InFlightLimits {
  readonly count: number;
  /** Estimated bytes. */
  readonly size: number;
}

/** Tracks running work, so that it is bounded and closing can wait for it. */
export class InFlight {
  readonly #limits: InFlightLimits;
  readonly #running = new Set<Promise<unknown>>();
  #size = 0;

  /** @default no limits */
  constructor(limits: InFlightLimits = { count: Number.POSITIVE_INFINITY, size: Number.POSITIVE_INFINITY }) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#running.size;
  }

  /**
   * @param size what the work keeps in memory while it waits
   * @throws StoreUnavailableError when too much is running. The work was not begun.
   */
  async run<TResult>(work: () => Promise<TResult>, size = 0): Promise<TResult> {
    if (this.#running.size >= this.#limits.count || this.#size >= this.#limits.size) {
      throw new StoreUnavailableError(
        `${this.#running.size} commands and loads of this process are running or waiting; this one was not begun, await earlier ones before you make more`,
      );
    }
    this.#size += size;
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#size -= size;
    }
  }

  /** Resolves when nothing is running. Errors are left to the callers of `run`. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
