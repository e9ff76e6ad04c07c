import { onAbort, pause } from '@leftfold/postgres';

/** A longer timer of Node fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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
}

/** Waits until the time is over, 24 days at most, or one of the signals aborts. */
export async function pauseUntil(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return;
  // Of lasting signals, what AbortSignal.any makes would stay in memory.
  const over = new AbortController();
  const removes = signals.map((signal) => onAbort(signal, () => over.abort()));
  await pause(Math.min(ms, MAX_TIMER_MS), over.signal);
  for (const remove of removes) remove();
}
