/** One after another for each key, and keys side by side. */
export class KeyTurns {
  readonly #most: number;
  readonly #workOf = new Map<string, (() => Promise<void>)[]>();
  /** Keys that have work, and none that is running. */
  readonly #ready: string[] = [];
  readonly #idle: (() => void)[] = [];
  #running = 0;

  /** @param most keys whose work runs at one time */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many works are running. */
  get running(): number {
    return this.#running;
  }

  /** Runs work when that of its key which was added before has ended. @param work does not throw */
  add(key: string, work: () => Promise<void>): void {
    const ofKey = this.#workOf.get(key);
    if (ofKey !== undefined) {
      ofKey.push(work);
      return;
    }
    this.#workOf.set(key, [work]);
    this.#ready.push(key);
    this.#runReady();
  }

  /** Resolves when nothing is running and nothing is left. */
  async whenIdle(): Promise<void> {
    if (this.#workOf.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #runReady(): void {
    while (this.#running < this.#most) {
      const key = this.#ready.shift();
      if (key === undefined) return;
      this.#running += 1;
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    const ofKey = this.#workOf.get(key)!;
    const work = ofKey.shift()!;
    await work();
    this.#running -= 1;
    // At the end of the line: a key with much work does not keep others from theirs.
    if (ofKey.length > 0) this.#ready.push(key);
    else this.#workOf.delete(key);
    this.#runReady();
    if (this.#workOf.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
