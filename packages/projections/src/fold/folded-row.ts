import type { AnyRow } from '@leftfold/core';

/** One row of the table: its key, and what is known of it. */
export interface FoldedRow {
  /** The same for the same row, and for no other. */
  readonly id: string;
  /** The key columns. */
  readonly key: AnyRow;
  /** The key columns as Postgres writes them. */
  readonly encodedKey: readonly string[];
  /** The row as it is now; `null` when it does not exist, undefined as long as nobody has looked. */
  row: AnyRow | null | undefined;
  /** The rows of this batch, when it is one of them; undefined between batches. */
  batch: readonly FoldedRow[] | undefined;
  /** Set when it is stored: it is not folded again. */
  stored: boolean;
}
