import type { FoldedRow } from './folded-row.ts';

/** Estimated bytes of the rows of one generation. */
const GENERATION_MEMORY = 8 * 1024 * 1024;

/**
 * The rows that were used most recently, up to a limit of rows and one of memory, and in any case those of the batch
 * that is being written.
 *
 * There are two generations: when the younger one is full it becomes the older one, and a row that is found in the older
 * one moves to the younger again. This happens only between batches, so that a batch has each row once, and the rows of
 * the batch before are always there.
 */
export class RowCache {
  readonly #generationSize: number;
  #memory = 0;
  #olderMemory = 0;
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
   * @param memory estimated bytes of the rows
   */
  endBatch(rows: readonly FoldedRow[], memory: number): void {
    for (const row of rows) row.batch = undefined;
    this.#memory += memory;
    if (this.#younger.size < this.#generationSize && this.#memory < GENERATION_MEMORY) return;
    this.#olderMemory = this.#memory;
    this.#memory = 0;
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  /** Call it when the last batch has been written, before the next one ends: its rows can be loaded from now on. */
  written(): void {
    if (this.#olderMemory > 2 * GENERATION_MEMORY) this.#older = new Map();
  }

  clear(): void {
    this.#younger = new Map();
    this.#older = new Map();
  }
}
