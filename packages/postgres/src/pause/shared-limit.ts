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

  /** Waits for a step until the limit is over. @throws what the step throws before that */
  async wait(step: Promise<void>): Promise<void> {
    this.#deadline ??= performance.now() + this.#limitMs;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      const end = () => {
        this.#onOver();
        resolve();
      };
      timer = setTimeout(end, Math.max(0, (this.#deadline ?? 0) - performance.now()));
    });
    try {
      await Promise.race([step, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}
