import { defineTableProjection } from '@leftfold/core';
import { orderEvents } from '../domain/order.ts';

/** One row for each order. `version` is the version of its stream, for the ETag. */
export const orders = defineTableProjection({
  name: 'orders',
  events: [orderEvents],
  columns: {
    stream_id: 'text',
    customer: 'text',
    items: 'integer',
    cents: 'bigint',
    checked_out: 'boolean',
    version: 'bigint',
  },
  key: ({ streamId }) => ({ stream_id: streamId }),
  initialRow: { customer: '', items: 0, cents: 0, checked_out: false, version: 0 },
  evolve: {
    'order.opened': (row, { data, streamVersion }) => ({
      ...row,
      customer: data.customer,
      version: streamVersion,
    }),
    'order.item-added': (row, { data, streamVersion }) => ({
      ...row,
      items: row.items + 1,
      cents: row.cents + data.cents,
      version: streamVersion,
    }),
    'order.checked-out': (row, { streamVersion }) => ({ ...row, checked_out: true, version: streamVersion }),
  },
});
