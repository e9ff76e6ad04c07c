import { accepted } from 'leftfold';
import { invoice } from '../domain/invoice.ts';
import type { Shop } from '../open-shop.ts';
import { addLine, type ExpectedTotals, noTotals } from './expected-totals.ts';
import { type FileProgress, type InvoicePart, readInvoices } from './read-file.ts';

/** Commands under way at one time: enough to fill batches, little enough to hold. */
const IN_FLIGHT = 128;

export interface ImportResult {
  readonly expected: ExpectedTotals;
  /** Events that this run added; none when the file was imported before. */
  readonly addedEvents: number;
}

/**
 * Sends the file through commands, one for each invoice. Safe to be killed and run again at any moment: an invoice
 * knows which of its lines it has.
 */
export async function importFile(
  shop: Shop,
  path: string,
  onProgress: (progress: FileProgress, lines: number) => void,
): Promise<ImportResult> {
  const expected = noTotals();
  const progress: FileProgress = { bytesRead: 0 };
  const underWay = new Set<Promise<void>>();
  let addedEvents = 0;
  for await (const part of readInvoices(path, progress)) {
    for (const line of part.lines) addLine(expected, line);
    const recording = record(shop, part).then((added) => {
      addedEvents += added;
      underWay.delete(recording);
    });
    underWay.add(recording);
    if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
    onProgress(progress, expected.lines);
  }
  await Promise.all(underWay);
  return { expected, addedEvents };
}

async function record(shop: Shop, { invoiceNo, firstLine, lines }: InvoicePart): Promise<number> {
  const [{ kind, customerId, country }] = lines as [InvoicePart['lines'][number]];
  const command = invoice.command.record(invoiceNo, {
    kind,
    customerId,
    country,
    firstLine,
    lines: lines.map(({ stockCode, description, quantity, unitPriceMils, at }) => ({
      stockCode,
      description,
      quantity,
      unitPriceMils,
      at,
    })),
  });
  return accepted(await shop.execute(command)).events.length;
}
