import { defineTableProjection } from '@leftfold/core';
import { invoiceEvents } from '../domain/invoice.ts';
import { addLine } from './line.ts';

/** One row for each customer: purchases less returns. Lines without a customer are left out. */
export const customers = defineTableProjection({
  name: 'customers',
  events: [invoiceEvents],
  columns: { customer_id: 'text', country: 'text', invoices: 'integer', lines: 'integer', mils: 'bigint' },
  key: ({ data }) => (data.customerId === null ? null : { customer_id: data.customerId }),
  initialRow: { country: '', invoices: 0, lines: 0, mils: 0 },
  evolve: {
    'invoice.opened': (row, { data }) => ({ ...row, country: data.country, invoices: row.invoices + 1 }),
    'invoice.line-sold': (row, { data }) => addLine(row, data),
    'invoice.line-cancelled': (row, { data }) => addLine(row, data),
    'invoice.stock-written-off': (row, { data }) => addLine(row, data),
    'invoice.debt-adjusted': (row, { data }) => addLine(row, data),
  },
});
