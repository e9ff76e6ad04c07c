import { onAbort, pause } from '@leftfold/postgres';

/** Ends pauses early. */
export class WakeUp {
  #next = new AbortController();

  /** Ends the pauses that go on now. */
  wake(): void {
    const woken = this.#next;
    this.#next = new AbortController();
    woken.abort();
  }

  /** What {@link wake} aborts next: taken before the look whose result decides on the pause, so that no wake is missed. */
  get next(): AbortSignal {
    return this.#next.signal;
  }

  /** Waits until the time is over, or one of the signals aborts. */
  async pause(ms: number, woken: AbortSignal, stopped: AbortSignal): Promise<void> {
    if (woken.aborted) return;
    // Of lasting signals, what AbortSignal.any makes would stay in memory.
    const over = new AbortController();
    const remove = onAbort(woken, () => over.abort());
    const removeStopped = onAbort(stopped, () => over.abort());
    await pause(stopped.aborted ? 0 : ms, over.signal);
    remove();
    removeStopped();
  }
}
