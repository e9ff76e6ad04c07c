import { defineTableProjection } from '@leftfold/core';
import { invoiceEvents } from '../domain/invoice.ts';
import { addLine, type LineData } from './line.ts';

/** One row for the whole shop, to compare the log with the file. */
export const totals = defineTableProjection({
  name: 'totals',
  events: [invoiceEvents],
  columns: {
    shop: 'text',
    invoices: 'integer',
    cancellations: 'integer',
    lines: 'integer',
    negative_lines: 'integer',
    unpriced_lines: 'integer',
    mils: 'bigint',
  },
  key: () => ({ shop: 'all' }),
  initialRow: { invoices: 0, cancellations: 0, lines: 0, negative_lines: 0, unpriced_lines: 0, mils: 0 },
  evolve: {
    'invoice.opened': (row, { data }) => ({
      ...row,
      invoices: row.invoices + 1,
      cancellations: row.cancellations + (data.kind === 'cancellation' ? 1 : 0),
    }),
    'invoice.line-sold': (row, { data }) => add(row, data),
    'invoice.line-cancelled': (row, { data }) => add(row, data),
    'invoice.stock-written-off': (row, { data }) => add(row, data),
    'invoice.debt-adjusted': (row, { data }) => add(row, data),
  },
});

interface Counts {
  readonly lines: number;
  readonly negative_lines: number;
  readonly unpriced_lines: number;
  readonly mils: number;
}

function add<TRow extends Counts>(row: TRow, data: LineData): TRow {
  return {
    ...addLine(row, data),
    negative_lines: row.negative_lines + (data.quantity < 0 ? 1 : 0),
    unpriced_lines: row.unpriced_lines + (data.unitPriceMils <= 0 ? 1 : 0),
  };
}
