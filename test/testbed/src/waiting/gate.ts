import { once } from 'node:events';

/** Holds a handler, or whatever else passes through it, until the test opens it. */
export class Gate {
  readonly #opened = new AbortController();
  readonly #reached = new AbortController();

  open(): void {
    this.#opened.abort();
  }

  /** Waits until the gate is open. */
  async pass(): Promise<void> {
    this.#reached.abort();
    await aborted(this.#opened.signal);
  }

  /** Waits until a first caller is at the gate. */
  async reached(): Promise<void> {
    await aborted(this.#reached.signal);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
