import { createApp } from 'leftfold';
import { invoice } from './domain/invoice.ts';
import { customers } from './read/customers.ts';
import { products } from './read/products.ts';
import { revenue } from './read/revenue.ts';
import { totals } from './read/totals.ts';

export const projections = [revenue, products, customers, totals] as const;

/** Where the log of a shop is. */
export interface ShopPlace {
  readonly schema: string;
  /** @default DATABASE_URL, otherwise the embedded PostgreSQL in `.leftfold/postgres` */
  readonly databaseUrl?: string | undefined;
}

export function openShop({ schema, databaseUrl }: ShopPlace) {
  return createApp({
    database: { url: databaseUrl },
    schema,
    aggregates: [invoice],
    projections,
    // Each invoice is loaded once: caching it would only use memory.
    commands: { cache: { aggregates: 256 } },
  });
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
