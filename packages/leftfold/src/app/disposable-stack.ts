/** Steps that dispose of resources, run in the reverse order of their registration. */
export class DisposableStack {
  readonly #steps: (() => Promise<void>)[] = [];
  #disposing: Promise<void> | undefined;

  /** @param step disposes of what was acquired just now: it runs before all steps that were registered earlier */
  defer(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  /**
   * Runs every step, also after a step that failed. A second call waits for the first.
   *
   * @throws the error of the first step that failed
   */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps) await step().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }
}
