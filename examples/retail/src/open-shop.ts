import { createApp } from 'leftfold';
import { invoice } from './domain/invoice.ts';
import { customers } from './read/customers.ts';
import { products } from './read/products.ts';
import { revenue } from './read/revenue.ts';
import { totals } from './read/totals.ts';

/** @param databaseUrl without it, DATABASE_URL is used, or the Postgres that is kept in `.leftfold/postgres` */
export function openShop({
  schema,
  databaseUrl,
}: {
  readonly schema: string;
  readonly databaseUrl?: string;
}) {
  return createApp({
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    schema,
    aggregates: [invoice],
    projections: [revenue, products, customers, totals],
    // Every invoice is met once: keeping it would only fill the memory.
    cache: { aggregates: 256 },
  });
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
