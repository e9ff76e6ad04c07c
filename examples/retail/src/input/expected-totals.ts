import type { InvoiceLine } from './invoice-line.ts';

/** The totals that the read models must match, summed while the file is read. */
export interface ExpectedTotals {
  lines: number;
  negativeLines: number;
  unpricedLines: number;
  mils: number;
  /** Of cancellations. */
  returnedPieces: number;
  readonly invoices: Set<string>;
  readonly customers: Set<string>;
  readonly products: Set<string>;
  readonly countries: Set<string>;
}

export function noTotals(): ExpectedTotals {
  return {
    lines: 0,
    negativeLines: 0,
    unpricedLines: 0,
    mils: 0,
    returnedPieces: 0,
    invoices: new Set(),
    customers: new Set(),
    products: new Set(),
    countries: new Set(),
  };
}

export function addLine(totals: ExpectedTotals, line: InvoiceLine): void {
  totals.lines += 1;
  totals.negativeLines += line.quantity < 0 ? 1 : 0;
  totals.unpricedLines += line.unitPriceMils <= 0 ? 1 : 0;
  totals.mils += line.quantity * line.unitPriceMils;
  if (line.invoiceNo.startsWith('C')) totals.returnedPieces -= line.quantity;
  totals.invoices.add(line.invoiceNo);
  totals.products.add(line.stockCode);
  totals.countries.add(line.country);
  if (line.customerId !== null) totals.customers.add(line.customerId);
}
