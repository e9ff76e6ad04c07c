import type { AnyRow } from '@leftfold/core';

/** One row of the table: its key, and its columns as far as they are known. */
export interface FoldedRow {
  /** Identifies the row. */
  readonly id: string;
  /** The key columns. */
  readonly key: AnyRow;
  /** The key columns as text that Postgres reads. */
  readonly encodedKey: readonly string[];
  /** The row after the events so far; `null` when it does not exist, undefined while it is not loaded. */
  row: AnyRow | null | undefined;
  /** The rows of the current batch, if this is one of them; undefined between batches. */
  batch: readonly FoldedRow[] | undefined;
  /** True when the row is stored: no more events are folded into it. */
  stored: boolean;
}
