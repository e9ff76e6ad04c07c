import { estimatedJsonSize } from '@leftfold/core';
import { encodeColumn, sqlTypes, type TableLayout } from '@leftfold/core/column';
import { arrayLiteral } from './table-codec.ts';
import type { FoldedRow } from './folded-row.ts';

/** Rows as text that Postgres reads: one array for each column. */
export interface EncodedRows {
  readonly count: number;
  readonly key: readonly string[];
  /** The columns beside the key; empty when only the keys are needed. */
  readonly rest: readonly string[];
}

/** The rows to write, and the rows to delete. */
export interface EncodedChanges {
  readonly kept: EncodedRows;
  readonly gone: EncodedRows;
}

export function encodeKeys({ key }: TableLayout, rows: readonly FoldedRow[]): EncodedRows {
  const literals = key.map((column, index) =>
    arrayLiteral(column, rows, ({ encodedKey }) => encodedKey[index] ?? null),
  );
  return { count: rows.length, key: literals, rest: [] };
}

/** @throws TypeError that names the column, for a row that cannot be stored. */
export function encodeChanges(columns: TableLayout, rows: readonly FoldedRow[]): EncodedChanges {
  const gone = rows.filter(({ row }) => row === null);
  const kept = gone.length === 0 ? rows : rows.filter(({ row }) => row !== null);
  const rest = columns.rest.map((column) =>
    arrayLiteral(column, kept, ({ row }) => encodeColumn(column, row ?? {})),
  );
  return { kept: { ...encodeKeys(columns, kept), rest }, gone: encodeKeys(columns, gone) };
}

/** Estimated bytes that the rows take in memory, as text and as values. */
export function memoryOf(columns: TableLayout, { key, rest }: EncodedRows): number {
  const ofKey = key.reduce((sum, literal) => sum + 2 * literal.length, 0);
  return rest.reduce((sum, literal, index) => {
    const isJson = columns.rest[index]?.type === sqlTypes.jsonb;
    return sum + (isJson ? estimatedJsonSize(literal) : 2 * literal.length);
  }, ofKey);
}
