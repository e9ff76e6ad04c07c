import type { FoldedRow } from './folded-row.ts';

/** Characters of the written rows of one generation. A value of JSON in memory can take twenty times as much. */
const GENERATION_CHARACTERS = 4 * 1024 * 1024;

/**
 * The rows that were used most recently, up to a limit of rows and one of size, and in any case those of the last two batches.
 *
 * There are two generations: when the younger one is full it becomes the older one, and a row that is found in the older
 * one moves to the younger again. This happens only between batches, so that a batch has each row once, and the rows of
 * the batch before are always there.
 */
export class RowCache {
  readonly #generationSize: number;
  #size = 0;
  #younger = new Map<string, FoldedRow>();
  #older = new Map<string, FoldedRow>();

  constructor(limit: number) {
    this.#generationSize = Math.floor(limit / 2);
  }

  get(id: string): FoldedRow | undefined {
    const found = this.#younger.get(id);
    if (found !== undefined) return found;
    const older = this.#older.get(id);
    if (older !== undefined) this.#younger.set(id, older);
    return older;
  }

  add(row: FoldedRow): void {
    this.#younger.set(row.id, row);
  }

  /**
   * Call it with a batch's rows when no more events are folded into it, and the batch before has been written.
   *
   * @param size characters of the rows, as they are written
   */
  endBatch(rows: readonly FoldedRow[], size: number): void {
    for (const row of rows) row.batch = undefined;
    this.#size += size;
    if (this.#younger.size < this.#generationSize && this.#size < GENERATION_CHARACTERS) return;
    this.#size = 0;
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  clear(): void {
    this.#younger = new Map();
    this.#older = new Map();
  }
}
