import { defineTableProjection } from '@leftfold/core';
import { invoiceEvents } from '../domain/invoice.ts';

/** How the quantity of a cancelled line changes the pieces that came back. Its quantity is negative. */
type Rule = (pieces: number, quantity: number) => number;

/** Pieces that customers returned, by country. */
function returns<const TVersion extends number>(version: TVersion, rule: Rule) {
  return defineTableProjection({
    name: 'returns',
    version,
    events: [invoiceEvents],
    columns: { country: 'text', lines: 'integer', pieces: 'bigint' },
    key: ({ data }) => ({ country: data.country }),
    initialRow: { lines: 0, pieces: 0 },
    evolve: {
      'invoice.line-cancelled': (row, { data }) => ({
        ...row,
        lines: row.lines + 1,
        pieces: rule(row.pieces, data.quantity),
      }),
    },
  });
}

/** The first release: a sign is wrong. */
export const wrongReturns = returns(1, (pieces, quantity) => pieces + quantity);
/** The same version with its rule corrected: rows that were folded before stay wrong. */
export const correctedReturns = returns(1, (pieces, quantity) => pieces - quantity);
/** Another version of it, which is built from the beginning of the log. */
export const newReturns = returns(2, (pieces, quantity) => pieces - quantity);
