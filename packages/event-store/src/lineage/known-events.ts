/** Events that are certainly remembered. Those committed last are among the highest positions. */
const KEPT = 500;

/** The ids of the events with the highest positions that a process has seen committed. */
export class KnownEvents {
  readonly #idByPosition = new Map<number, string>();
  #highest = 0;

  get idByPosition(): ReadonlyMap<number, string> {
    return this.#idByPosition;
  }

  /** 0 when none is known. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * A position that is known keeps its id: another one comes from a log that has gone back, which is found out only as
   * long as the first is remembered.
   */
  add(position: number, id: string): void {
    if (this.#idByPosition.has(position)) return;
    this.#idByPosition.set(position, id);
    if (position > this.#highest) this.#highest = position;
    if (this.#idByPosition.size < 2 * KEPT) return;
    const positions = [...this.#idByPosition.keys()].toSorted((one, other) => one - other);
    for (const low of positions.slice(0, -KEPT)) this.#idByPosition.delete(low);
  }

  clear(): void {
    this.#idByPosition.clear();
    this.#highest = 0;
  }
}
