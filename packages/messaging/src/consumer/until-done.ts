import { retryDelayMs } from '@leftfold/core';
import { pause } from '@leftfold/postgres';

/** What is known while the database cannot be written to. */
export interface Outage {
  readonly since: Date;
  readonly error: unknown;
}

const backoff = { firstDelayMs: 50, maxDelayMs: 5_000 };

/** Repeats work until it succeeds: the messages that wait for it are not acknowledged meanwhile. */
export class UntilDone {
  readonly #stopped: AbortSignal;
  readonly #onOutage: (error: unknown) => void;
  readonly #waiting = new Map<object, Outage>();

  /** @param onOutage called when work fails and none has failed since all that failed before it succeeded */
  constructor(stopped: AbortSignal, onOutage: (error: unknown) => void) {
    this.#stopped = stopped;
    this.#onOutage = onOutage;
  }

  /** Undefined while all work succeeds. */
  get outage(): Outage | undefined {
    for (const outage of this.#waiting.values()) return outage;
    return undefined;
  }

  /** @throws the reason of the signal when it aborts first */
  async run<TResult>(work: () => Promise<TResult>): Promise<TResult> {
    try {
      for (let failures = 1; ; failures += 1) {
        this.#stopped.throwIfAborted();
        try {
          return await work();
        } catch (error) {
          this.#stopped.throwIfAborted();
          const isFirst = this.#waiting.size === 0;
          this.#waiting.set(work, { since: this.#waiting.get(work)?.since ?? new Date(), error });
          if (isFirst) this.#onOutage(error);
          await pause(retryDelayMs(backoff, failures, 0.5 + Math.random() / 2), this.#stopped);
        }
      }
    } finally {
      this.#waiting.delete(work);
    }
  }
}
