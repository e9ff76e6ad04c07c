import { within } from './within.ts';

/** How long a step is still waited for when the limit is over: what it waited for has failed. */
const AFTERWARDS_MS = 500;

/** One limit of time for several steps together. It begins with the first one. */
export class SharedLimit {
  readonly #limitMs: number;
  readonly #onOver: () => void;
  #deadline: number | undefined;

  /** @param onOver called when the limit is over and a step has not ended, and for each later step that takes longer */
  constructor(limitMs: number, onOver: () => void) {
    this.#limitMs = limitMs;
    this.#onOver = onOver;
  }

  /**
   * Waits for a step until the limit is over, and then half a second more for what `onOver` has ended.
   *
   * @throws what the step throws before that
   */
  async wait(step: Promise<void>): Promise<void> {
    this.#deadline ??= performance.now() + this.#limitMs;
    const remainingMs = this.#deadline - performance.now();
    const inTime = step.then(() => true);
    if (await within(inTime, { limitMs: remainingMs, late: () => false })) return;
    this.#onOver();
    await within(step, { limitMs: AFTERWARDS_MS, late: () => {} });
  }
}
