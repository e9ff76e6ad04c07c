import type { AnyRow } from '@leftfold/core';

/** A row that two copies of a table do not have alike. */
export interface RowDifference {
  readonly table: string;
  /** The columns of the primary key. */
  readonly key: AnyRow;
  /**
   * `missing`: only the table that is right has the row. `extra`: only the table that is looked at has it.
   * `different`: both have it, with other values.
   */
  readonly kind: 'missing' | 'extra' | 'different';
  /** The columns whose values differ, as text: `1.0` and `1.00` do. Empty unless both tables have the row. */
  readonly columns: readonly string[];
}

/** How the tables of a projection differ from what they should be. */
export interface ProjectionDifference {
  /** Whether every row is as it should be. */
  readonly equal: boolean;
  /** How many rows the tables should have. */
  readonly rows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** The rows concerned, up to the limit that was given. */
  readonly keys: readonly RowDifference[];
  /** Whether there are more of them than `keys` has. */
  readonly truncated: boolean;
}

/** Collects the differences of several tables. */
export class DifferenceCount {
  readonly keys: RowDifference[] = [];
  rows = 0;
  readonly #limit: number;
  readonly #counts = { missing: 0, extra: 0, different: 0 };

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many more keys are wanted. */
  get wanted(): number {
    return this.#limit - this.keys.length;
  }

  add(kind: RowDifference['kind'], count: number): void {
    this.#counts[kind] += count;
  }

  result(): ProjectionDifference {
    const { missing, extra, different } = this.#counts;
    const total = missing + extra + different;
    const { keys, rows } = this;
    return { equal: total === 0, rows, missing, extra, different, keys, truncated: total > keys.length };
  }
}
