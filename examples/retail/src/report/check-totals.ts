import type { ExpectedTotals } from '../input/expected-totals.ts';
import type { Shop } from '../open-shop.ts';
import { customers } from '../read/customers.ts';
import { products } from '../read/products.ts';
import { revenue } from '../read/revenue.ts';
import { totals } from '../read/totals.ts';
import { amount, checkLine, heading, pounds } from '../screen/print.ts';

/** Compares the read models with the totals of the file. @returns whether all are equal */
export async function checkTotals(shop: Shop, expected: ExpectedTotals): Promise<boolean> {
  heading('Read models compared with the file');
  const [found] = await shop.query(totals).execute();
  const perCountry = await shop.query(revenue).execute();
  const perProduct = await shop.query(products).execute();
  const perCustomer = await shop.query(customers).execute();
  const sum = (rows: readonly { readonly mils: number }[]) => rows.reduce((mils, row) => mils + row.mils, 0);
  const cancelled = [...expected.invoices].filter((invoiceNo) => invoiceNo.startsWith('C')).length;
  return [
    checkLine('lines', amount, found?.lines, expected.lines),
    checkLine('invoices', amount, found?.invoices, expected.invoices.size),
    checkLine('cancellations among them', amount, found?.cancellations, cancelled),
    checkLine('lines with a negative quantity', amount, found?.negative_lines, expected.negativeLines),
    checkLine('lines with a price of zero or less', amount, found?.unpriced_lines, expected.unpricedLines),
    checkLine(
      'countries',
      amount,
      new Set(perCountry.map(({ country }) => country)).size,
      expected.countries.size,
    ),
    checkLine('products', amount, perProduct.length, expected.products.size),
    checkLine('customers', amount, perCustomer.length, expected.customers.size),
    checkLine('revenue', pounds, found?.mils, expected.mils),
    checkLine('revenue, country by country', pounds, sum(perCountry), expected.mils),
    checkLine('revenue, product by product', pounds, sum(perProduct), expected.mils),
  ].every((same) => same);
}
