import { defineTableProjection } from '@leftfold/core';
import { invoiceEvents } from '../domain/invoice.ts';
import { addLine } from './line.ts';

/** Revenue for each country and month, less cancellations and adjustments. */
export const revenue = defineTableProjection({
  name: 'revenue',
  events: [invoiceEvents],
  columns: { country: 'text', month: 'text', lines: 'integer', mils: 'bigint' },
  key: (event) =>
    event.type === 'invoice.opened'
      ? null
      : { country: event.data.country, month: event.data.at.slice(0, 7) },
  initialRow: { lines: 0, mils: 0 },
  evolve: {
    'invoice.line-sold': (row, { data }) => addLine(row, data),
    'invoice.line-cancelled': (row, { data }) => addLine(row, data),
    'invoice.stock-written-off': (row, { data }) => addLine(row, data),
    'invoice.debt-adjusted': (row, { data }) => addLine(row, data),
  },
});
