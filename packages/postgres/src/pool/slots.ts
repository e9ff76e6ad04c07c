/** A number of connections that several queues share, first come, first served. */
export class Slots {
  readonly size: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.size = size;
    this.#free = size;
  }

  get taken(): number {
    return this.size - this.#free;
  }

  /** @returns false when none is free */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves when one is free, and takes it. */
  async take(): Promise<void> {
    if (this.tryTake()) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  free(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  /** Takes one for the work, and frees it when the work ends. The work must not take another one. */
  async during<TResult>(work: () => Promise<TResult>): Promise<TResult> {
    await this.take();
    try {
      return await work();
    } finally {
      this.free();
    }
  }
}
