import { CommandAbortedError } from '@leftfold/core';

/** The commands that wait for one signal share a listener: Node warns of more than ten. */
export class AbortListeners {
  readonly #bySignal = new WeakMap<AbortSignal, Set<() => void>>();

  /** @returns removes it */
  add(signal: AbortSignal, listener: () => void): () => void {
    const listeners = this.#bySignal.get(signal) ?? this.#begin(signal);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #begin(signal: AbortSignal): Set<() => void> {
    const listeners = new Set<() => void>();
    this.#bySignal.set(signal, listeners);
    const abort = () => {
      for (const listener of listeners) listener();
    };
    signal.addEventListener('abort', abort, { once: true });
    return listeners;
  }
}

/** The end of one command by its signal. */
export class Cancellation {
  readonly #listeners: AbortListeners;
  #signal: AbortSignal | undefined;
  #commandId = '';
  #outcome: CommandAbortedError['outcome'] = 'not-appended';

  constructor(listeners: AbortListeners) {
    this.#listeners = listeners;
  }

  follow(signal: AbortSignal | undefined, commandId: string): void {
    this.#signal = signal;
    this.#commandId = commandId;
  }

  /** @throws CommandAbortedError */
  assertNotAborted(): void {
    if (this.#signal?.aborted === true) throw this.#error(this.#signal);
  }

  /** @throws CommandAbortedError when it ends the pause */
  async pause(ms: number): Promise<void> {
    const signal = this.#signal;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        remove?.();
        resolve();
      };
      const timer = setTimeout(end, ms);
      const remove = signal === undefined ? undefined : this.#listeners.add(signal, end);
    });
    this.assertNotAborted();
  }

  /** Called when an append is about to be sent. @throws CommandAbortedError */
  beginAppend(): void {
    this.assertNotAborted();
    this.#outcome = 'unknown';
  }

  /** Called when it is known that the append was not made. */
  appendFailed(): void {
    this.#outcome = 'not-appended';
  }

  /**
   * Waits for the work, which ends by itself before it appends anything when the signal has aborted.
   *
   * @throws CommandAbortedError as soon as the signal aborts
   */
  during<TResult>(work: Promise<TResult>): Promise<TResult> {
    const signal = this.#signal;
    if (signal === undefined) return work;
    return new Promise<TResult>((resolve, reject) => {
      const abort = () => reject(this.#error(signal));
      const remove = this.#listeners.add(signal, abort);
      if (signal.aborted) abort();
      void work.then(resolve, reject).finally(remove);
    });
  }

  #error({ reason }: AbortSignal): CommandAbortedError {
    return new CommandAbortedError(this.#commandId, this.#outcome, { cause: reason });
  }
}
