import { createApp } from 'leftfold';
import { order } from './domain/order.ts';
import { orders } from './read/orders.ts';

/** @param databaseUrl @default DATABASE_URL, otherwise the embedded PostgreSQL in `.leftfold/postgres` */
export function openShop(databaseUrl?: string) {
  return createApp({
    database: { url: databaseUrl },
    schema: 'shop_http',
    aggregates: [order],
    projections: [orders],
  });
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
