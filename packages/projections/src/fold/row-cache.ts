import type { FoldedRow } from './folded-row.ts';

/**
 * The rows that were folded into last, up to a bound, beside those of the newest two batches.
 *
 * Two generations: a full younger one becomes the older, and what is found there moves to the younger again. They
 * change places only between batches, so that a batch has each row once; what the batch before left is always there.
 */
export class RowCache {
  readonly #generationSize: number;
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

  /** To be called with a batch's rows when nothing more is folded into it, and the batch before has been written. */
  endBatch(rows: readonly FoldedRow[]): void {
    for (const row of rows) row.batch = undefined;
    if (this.#younger.size < this.#generationSize) return;
    this.#older = this.#younger;
    this.#younger = new Map();
  }

  clear(): void {
    this.#younger = new Map();
    this.#older = new Map();
  }
}
