import { z } from 'zod';

/** The columns of the file, as CSV text. */
const columns = z.object({
  InvoiceNo: z.string().min(1),
  StockCode: z.string().min(1),
  Description: z.string(),
  Quantity: z.string().regex(/^-?\d+$/),
  InvoiceDate: z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
  UnitPrice: z.string().regex(/^-?\d+(\.\d{1,3})?$/),
  CustomerID: z.string(),
  Country: z.string().min(1),
});

/** One line of the file, with the names of the domain. */
export interface InvoiceLine {
  readonly invoiceNo: string;
  readonly kind: 'sale' | 'cancellation' | 'adjustment';
  readonly customerId: string | null;
  readonly country: string;
  readonly stockCode: string;
  readonly description: string;
  readonly quantity: number;
  readonly unitPriceMils: number;
  readonly at: string;
}

/** @throws Error that names the line and the column, when a column is missing or has another format */
export function toInvoiceLine(record: unknown, lineNumber: number): InvoiceLine {
  const parsed = columns.safeParse(record);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`line ${lineNumber} of the file, column ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const row = parsed.data;
  return {
    invoiceNo: row.InvoiceNo,
    kind: kindOf(row.InvoiceNo),
    customerId: row.CustomerID === '' ? null : row.CustomerID.replace(/\.0$/, ''),
    country: row.Country,
    stockCode: row.StockCode,
    description: row.Description.trim(),
    quantity: Number(row.Quantity),
    unitPriceMils: toMils(row.UnitPrice),
    at: row.InvoiceDate.replace(' ', 'T'),
  };
}

function kindOf(invoiceNo: string): InvoiceLine['kind'] {
  if (invoiceNo.startsWith('C')) return 'cancellation';
  return invoiceNo.startsWith('A') ? 'adjustment' : 'sale';
}

/** Converts a decimal text to thousandths, without floating-point arithmetic. */
function toMils(price: string): number {
  const [whole = '0', fraction = ''] = price.split('.');
  const sign = whole.startsWith('-') ? -1 : 1;
  return sign * (Math.abs(Number(whole)) * 1000 + Number(fraction.padEnd(3, '0')));
}
