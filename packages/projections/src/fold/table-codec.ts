import type { TableColumn } from '@leftfold/core/column';

/** Writes one column's values as a Postgres array. */
export function arrayLiteral<TRow>(
  { type }: TableColumn,
  rows: readonly TRow[],
  textOf: (row: TRow) => string | null,
): string {
  let literal = '{';
  for (const row of rows) {
    if (literal.length > 1) literal += ',';
    const text = textOf(row);
    if (text === null) literal += 'NULL';
    else literal += type.isQuoted ? quoted(text) : text;
  }
  return `${literal}}`;
}

function quoted(text: string): string {
  return `"${needsEscape.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}

const needsEscape = /["\\]/;
