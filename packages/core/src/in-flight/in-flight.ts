import { StoreUnavailableError } from '../errors/store-errors.ts';

/** How much may run or wait at a time. */
export interface InFlightLimits {
  /** What is counted, for the error message: "appends". */
  readonly what: string;
  readonly count: number;
  /** Estimated bytes. @default no limit */
  readonly memory?: number | undefined;
}

/** Counts work that runs or waits, so that it is bounded and closing can wait for it. */
export class InFlight {
  readonly #limits: InFlightLimits;
  #count = 0;
  #memory = 0;
  #onIdle: (() => void)[] = [];

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  /** Whether further work would be refused. */
  get isFull(): boolean {
    const { count, memory = Number.POSITIVE_INFINITY } = this.#limits;
    return this.#count >= count || this.#memory >= memory;
  }

  /** @throws StoreUnavailableError when too much is running: work that is prepared now would be refused */
  assertRoom(): void {
    if (this.isFull) throw this.#full();
  }

  /**
   * Begins work that ends with a call of what is returned. Later calls have no effect.
   *
   * @param memory estimated bytes that the work keeps until it has ended
   * @throws StoreUnavailableError when too much is running. The work was not begun.
   */
  begin(memory = 0): () => void {
    this.assertRoom();
    this.#count += 1;
    this.#memory += memory;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#count -= 1;
      this.#memory -= memory;
      if (this.#count > 0) return;
      for (const resolve of this.#onIdle.splice(0)) resolve();
    };
  }

  /**
   * Begins work that ends with the promise.
   *
   * @param memory estimated bytes that the work keeps until it has ended
   * @throws StoreUnavailableError when too much is running. The work was not begun.
   */
  async run<TResult>(work: () => Promise<TResult>, memory = 0): Promise<TResult> {
    const end = this.begin(memory);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Resolves when nothing is running. Errors are left to the callers of `run`. */
  async idle(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #full(): StoreUnavailableError {
    const { what, count, memory = 0 } = this.#limits;
    const limit =
      this.#count >= count
        ? `the limit of ${count}`
        : `the limit of ${memory} bytes for what ${this.#count} of them take in memory`;
    return new StoreUnavailableError(
      `${what} of this process that run or wait have reached ${limit}; this one was not begun, await earlier ones before you make more`,
    );
  }
}
