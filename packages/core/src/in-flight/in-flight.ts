import { StoreUnavailableError } from '../errors/store-errors.ts';

/** How much may run or wait at a time. */
export interface InFlightLimits {
  /** What is counted, for the error message: "appends". */
  readonly what: string;
  readonly count: number;
  /** Estimated bytes. @default no limit */
  readonly memory?: number | undefined;
}

const unlimited: InFlightLimits = { what: 'calls', count: Number.POSITIVE_INFINITY };

/** Tracks running work, so that it is bounded and closing can wait for it. */
export class InFlight {
  readonly #limits: InFlightLimits;
  readonly #running = new Set<Promise<unknown>>();
  #memory = 0;

  /** @default no limits */
  constructor(limits: InFlightLimits = unlimited) {
    this.#limits = limits;
  }

  /** Whether further work would be refused. */
  get isFull(): boolean {
    const { count, memory = Number.POSITIVE_INFINITY } = this.#limits;
    return this.#running.size >= count || this.#memory >= memory;
  }

  /**
   * @param memory estimated bytes that the work keeps until it has ended
   * @throws StoreUnavailableError when too much is running. The work was not begun.
   */
  async run<TResult>(work: () => Promise<TResult>, memory = 0): Promise<TResult> {
    if (this.isFull) {
      throw new StoreUnavailableError(
        `${this.#running.size} ${this.#limits.what} of this process are running or waiting; this one was not begun, await earlier ones before you make more`,
      );
    }
    this.#memory += memory;
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#memory -= memory;
    }
  }

  /** Resolves when nothing is running. Errors are left to the callers of `run`. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
