import { createApp } from 'leftfold';
import { order } from './domain/order.ts';
import { orders } from './read/orders.ts';

/** What the shop is made of, for the app and for its migration. */
export const shop = { schema: 'shop_http', aggregates: [order], projections: [orders] } as const;

/** @param databaseUrl @default DATABASE_URL, otherwise the embedded PostgreSQL in `.leftfold/postgres` */
export function openShop(databaseUrl?: string) {
  return createApp({ ...shop, database: { url: databaseUrl } });
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
