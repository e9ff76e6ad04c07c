/** What has to be ended, in the reverse of the order in which it was begun. */
export class DisposableStack {
  readonly #steps: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  /** @param step ends what was begun just now: before all that was begun earlier */
  defer(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  /**
   * Takes every step, also after one that failed. A second call waits for the first.
   *
   * @throws the error of the first step that failed
   */
  dispose(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps) await step().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }
}
