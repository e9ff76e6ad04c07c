/** A pause that ends early when something has happened, also if that was before it began. */
export class WakeUp {
  #happened = false;
  #wake: () => void = () => {};

  /** Ends the pause, or the next one. */
  now(): void {
    this.#happened = true;
    this.#wake();
  }

  /** What happened so far is being looked at. */
  reset(): void {
    this.#happened = false;
  }

  /** Resolves after so many milliseconds at the latest. */
  async within(ms: number): Promise<void> {
    if (this.#happened) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}
