import type { Statement } from '@leftfold/postgres';

/** SQL: a cursor of the transaction; it has the parameters of the query. */
export function declareCursor(query: string, values: readonly unknown[]): Statement {
  return { name: undefined, text: `declare leftfold_rows no scroll cursor for ${query}`, values };
}

export function fetchRows(count: number): Statement {
  return { name: undefined, text: `fetch forward ${Number(count)} from leftfold_rows`, values: [] };
}

export const closeCursor: Statement = { name: undefined, text: 'close leftfold_rows', values: [] };
