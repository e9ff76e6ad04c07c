import { defineTableProjection } from '@leftfold/core';
import { invoiceEvents } from '../domain/invoice.ts';
import { amountOf } from './line.ts';

/** One row for each product: quantities sold, returned and written off, and revenue. */
export const products = defineTableProjection({
  name: 'products',
  events: [invoiceEvents],
  columns: {
    stock_code: 'text',
    description: 'text',
    sold: 'bigint',
    returned: 'bigint',
    written_off: 'bigint',
    mils: 'bigint',
  },
  key: (event) => (event.type === 'invoice.opened' ? null : { stock_code: event.data.stockCode }),
  initialRow: { description: '', sold: 0, returned: 0, written_off: 0, mils: 0 },
  evolve: {
    'invoice.line-sold': (row, { data }) => ({
      ...row,
      description: data.description === '' ? row.description : data.description,
      sold: row.sold + data.quantity,
      mils: row.mils + amountOf(data),
    }),
    'invoice.line-cancelled': (row, { data }) => ({
      ...row,
      returned: row.returned - data.quantity,
      mils: row.mils + amountOf(data),
    }),
    'invoice.stock-written-off': (row, { data }) => ({
      ...row,
      written_off: row.written_off - data.quantity,
      mils: row.mils + amountOf(data),
    }),
    'invoice.debt-adjusted': (row, { data }) => ({
      ...row,
      description: data.description,
      mils: row.mils + amountOf(data),
    }),
  },
});
