/**
 * Remembers what was used last, up to a bound: between `limit / 2` and `limit` entries.
 *
 * Two generations: a full younger one becomes the older, and what is found there moves to the younger again.
 */
export class RowCache<TValue> {
  readonly #generationSize: number;
  #younger = new Map<string, TValue>();
  #older = new Map<string, TValue>();

  /** @param limit 0 remembers nothing */
  constructor(limit: number) {
    this.#generationSize = Math.floor(limit / 2);
  }

  get(key: string): TValue | undefined {
    const found = this.#younger.get(key);
    if (found !== undefined) return found;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: TValue): void {
    if (this.#generationSize === 0) return;
    if (this.#younger.size >= this.#generationSize && !this.#younger.has(key)) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(key, value);
  }

  clear(): void {
    this.#younger = new Map();
    this.#older = new Map();
  }
}
