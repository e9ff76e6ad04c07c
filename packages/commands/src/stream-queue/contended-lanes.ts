/** A lane that is forgotten costs one refused append. */
const MAX_LANES = 1_000;

/**
 * The lanes on which other processes were faster lately.
 *
 * A command that shares one would probably be refused, and so begins with its locks. It is taken out again when no other
 * process came in between.
 */
export class ContendedLanes {
  /** Those that were added last, last. */
  readonly #lanes = new Set<string>();

  add(lanes: readonly string[]): void {
    for (const lane of lanes) {
      this.#lanes.delete(lane);
      this.#lanes.add(lane);
    }
    for (const oldest of this.#lanes) {
      if (this.#lanes.size <= MAX_LANES) break;
      this.#lanes.delete(oldest);
    }
  }

  remove(lanes: readonly string[]): void {
    for (const lane of lanes) this.#lanes.delete(lane);
  }

  hasAny(lanes: readonly string[]): boolean {
    return lanes.some((lane) => this.#lanes.has(lane));
  }
}
