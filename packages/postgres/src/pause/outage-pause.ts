import { onAbort } from './on-abort.ts';

/** Pauses of those who wait until the database can be reached again. */
export class OutagePause {
  readonly #ends = new Set<() => void>();

  /** Waits. Ends early, and without an error, when the outage is over or the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      let remove: (() => void) | undefined;
      const end = () => {
        clearTimeout(timer);
        this.#ends.delete(end);
        remove?.();
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#ends.add(end);
      if (signal !== undefined) remove = onAbort(signal, end);
    });
  }

  /** The database has answered: ends all pauses. */
  over(): void {
    for (const end of this.#ends) end();
  }
}
