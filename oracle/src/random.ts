/** Numbers that look random and are the same for the same seed and purpose. */
export class Random {
  #state: number;

  /** @param purpose sets streams of numbers of one seed apart, such as those of two processes. */
  constructor(seed: number, purpose = '') {
    this.#state = seed >>> 0;
    for (const character of purpose) {
      this.#state = Math.imul(this.#state ^ character.charCodeAt(0), 0x01000193) >>> 0; // FNV-1a
    }
  }

  /** From 0 up to 1. */
  fraction(): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** From 0 up to `count` by Zipf's law: 0 is the most frequent. */
  rank(count: number): number {
    return Math.floor((count + 1) ** this.fraction()) - 1;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }
}
