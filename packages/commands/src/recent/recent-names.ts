/** What a name that is forgotten was remembered for is found out again: that costs a round trip, or a refused append. */
const MAX_NAMES = 1_000;

/** The names that were added last: applications make some of them, such as roles and tags, for each command. */
export class RecentNames {
  /** Those that were added last, last. */
  readonly #names = new Set<string>();

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    for (const oldest of this.#names) {
      if (this.#names.size <= MAX_NAMES) break;
      this.#names.delete(oldest);
    }
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }
}
