import type { Shop } from '../open-shop.ts';
import { customers } from '../read/customers.ts';
import { products } from '../read/products.ts';
import { revenue } from '../read/revenue.ts';
import { amount, heading, pounds, table } from '../screen/print.ts';

/** Prints the read models. */
export async function printTables(shop: Shop): Promise<void> {
  await printRevenue(shop);
  await printProducts(shop);
  await printCustomers(shop);
}

async function printRevenue(shop: Shop): Promise<void> {
  const rows = await shop.query(revenue).execute();
  const countries = sumBy(rows, ({ country }) => country);
  heading('Revenue by country, top ten');
  table(
    ['country', 'lines', 'revenue'],
    top(countries).map(([country, { lines, mils }]) => [country, amount(lines), pounds(mils)]),
  );
  const months = sumBy(rows, ({ month }) => month);
  heading('Revenue by month, all countries');
  table(
    ['month', 'lines', 'revenue'],
    [...months]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([month, { lines, mils }]) => [month, amount(lines), pounds(mils)]),
  );
}

async function printProducts(shop: Shop): Promise<void> {
  const rows = await shop.query(products).orderBy('mils', 'desc').limit(10).execute();
  heading('Sales and returns by product, top ten by revenue');
  table(
    ['code', 'product', 'sold', 'returned', 'written off', 'revenue'],
    rows.map((row) => [
      row.stock_code,
      row.description,
      amount(row.sold),
      amount(row.returned),
      amount(row.written_off),
      pounds(row.mils),
    ]),
  );
}

async function printCustomers(shop: Shop): Promise<void> {
  const rows = await shop.query(customers).orderBy('mils', 'desc').limit(10).execute();
  heading('Customers, top ten by revenue');
  table(
    ['customer', 'country', 'invoices', 'lines', 'revenue'],
    rows.map((row) => [
      row.customer_id,
      row.country,
      amount(row.invoices),
      amount(row.lines),
      pounds(row.mils),
    ]),
  );
}

interface Sum {
  readonly lines: number;
  readonly mils: number;
}

function sumBy<TRow extends Sum>(
  rows: readonly TRow[],
  keyOf: (row: TRow) => string,
): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const row of rows) {
    const sum = sums.get(keyOf(row)) ?? { lines: 0, mils: 0 };
    sums.set(keyOf(row), { lines: sum.lines + row.lines, mils: sum.mils + row.mils });
  }
  return sums;
}

function top(sums: ReadonlyMap<string, Sum>): readonly (readonly [string, Sum])[] {
  return [...sums].sort(([, a], [, b]) => b.mils - a.mils).slice(0, 10);
}
