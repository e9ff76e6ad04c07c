import type { Statement } from '@leftfold/postgres';

export interface HighWaterMarkRow {
  readonly settled: string;
  readonly pending: boolean;
}

/**
 * The settled position, and whether an append is under way that holds it back.
 *
 * SQL: three statements inside one function: the sequence, `pg_locks`, and the newest event below both. Events up to
 * the mark must be read by a later statement.
 */
export function highWaterMarkStatement(schema: string): Statement {
  return {
    name: `leftfold settled mark ${schema}`,
    text: `select settled::text, pending from "${schema}".settled_mark()`,
    values: [],
  };
}
