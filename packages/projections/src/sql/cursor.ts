import type { Statement } from '@leftfold/postgres';

/** SQL: a cursor of the transaction; it has the parameters of the query. @param cursor its number in the transaction */
export function declareCursor(cursor: number, query: string, values: readonly unknown[]): Statement {
  const text = `declare ${nameOf(cursor)} no scroll cursor for ${query}`;
  return { name: undefined, text, values };
}

export function fetchRows(cursor: number, count: number): Statement {
  return { name: undefined, text: `fetch forward ${Number(count)} from ${nameOf(cursor)}`, values: [] };
}

export function closeCursor(cursor: number): Statement {
  return { name: undefined, text: `close ${nameOf(cursor)}`, values: [] };
}

function nameOf(cursor: number): string {
  return `leftfold_rows_${Number(cursor)}`;
}
