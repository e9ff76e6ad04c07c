import type { Statement } from '@leftfold/postgres';

export interface HighWaterMarkRow {
  readonly high_water_mark: string;
  readonly pending: boolean;
}

/**
 * The high-water mark, and whether an append that is not committed yet holds it back.
 *
 * SQL: three statements inside one function: the sequence, `pg_locks`, and the latest event below both. Events up to
 * the mark must be read by a later statement.
 */
export function highWaterMarkStatement(schema: string): Statement {
  return {
    name: `leftfold high-water mark ${schema}`,
    text: `select high_water_mark::pg_catalog.text, pending from "${schema}"._high_water_mark()`,
    values: [],
  };
}
