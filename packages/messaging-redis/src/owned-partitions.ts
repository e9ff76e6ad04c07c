/** In place of a cursor: what was delivered to receivers before, from its beginning. */
const DELIVERED_BEFORE = '0';

/** A partition that a receiver has. */
export interface OwnedPartition {
  readonly number: number;
  /** Where it is read next: after an entry that was delivered before, or what is new. */
  cursor: string;
  /** The entries that were delivered and not acknowledged, by id: their bytes. */
  readonly inFlight: Map<string, number>;
  /** Entries that were acknowledged, and the server has not been told. */
  acknowledged: string[];
  /** Another receiver gets it: nothing more is read, and what is in flight is waited for. */
  leaving: boolean;
}

/** The partitions that a receiver has, and what it has of them in memory. */
export class OwnedPartitions {
  readonly #owned = new Map<number, OwnedPartition>();
  /** Which one is read first: they take turns. */
  #turn = 0;

  get all(): readonly OwnedPartition[] {
    return [...this.#owned.values()];
  }

  /** Those that are read, another one first each time. */
  nextTurn(): readonly OwnedPartition[] {
    const read = this.all.filter(({ leaving }) => !leaving);
    this.#turn = (this.#turn + 1) % Math.max(1, read.length);
    return [...read.slice(this.#turn), ...read.slice(0, this.#turn)];
  }

  get inFlight(): { readonly count: number; readonly bytes: number } {
    let [count, bytes] = [0, 0];
    for (const { inFlight } of this.#owned.values()) {
      count += inFlight.size;
      for (const size of inFlight.values()) bytes += size;
    }
    return { count, bytes };
  }

  /** What the server is told of a partition when leases are renewed. */
  markOf(number: number): 'keep' | 'release' | '' {
    const partition = this.#owned.get(number);
    if (partition === undefined) return '';
    return isLeft(partition) ? 'release' : 'keep';
  }

  /** Whether one can be given to another receiver now. */
  get hasLeft(): boolean {
    return this.all.some(isLeft);
  }

  /** Takes over what the server says: those that it has now, and how many are its share. */
  change(numbers: readonly number[], share: number): void {
    for (const number of this.#owned.keys()) if (!numbers.includes(number)) this.#owned.delete(number);
    for (const number of numbers)
      if (!this.#owned.has(number))
        this.#owned.set(number, {
          number,
          cursor: DELIVERED_BEFORE,
          inFlight: new Map(),
          acknowledged: [],
          leaving: false,
        });
    // Those with the fewest in flight can leave first.
    const byLoad = this.all.toSorted((one, other) => one.inFlight.size - other.inFlight.size);
    const surplus = Math.max(0, byLoad.length - share);
    for (const [place, partition] of byLoad.entries()) partition.leaving = place < surplus;
  }
}

function isLeft({ leaving, inFlight, acknowledged }: OwnedPartition): boolean {
  return leaving && inFlight.size === 0 && acknowledged.length === 0;
}
