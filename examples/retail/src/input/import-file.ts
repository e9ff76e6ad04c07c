import { accepted } from 'leftfold';
import { invoice } from '../domain/invoice.ts';
import type { Shop } from '../open-shop.ts';
import { addLine, type ExpectedTotals, noTotals } from './expected-totals.ts';
import { type FileProgress, type InvoicePart, readInvoices } from './read-file.ts';

/** Maximum number of concurrent commands: enough to fill batches, and few enough for a small memory. */
const IN_FLIGHT = 128;

export interface ImportResult {
  readonly expected: ExpectedTotals;
  /** Number of events that this run added; 0 when the file was imported before. */
  readonly addedEvents: number;
}

/**
 * Imports the file with one command for each invoice. It can be killed and run again at any moment: an invoice counts
 * its lines, and its command leaves out those that are recorded.
 */
export async function importFile(
  shop: Shop,
  path: string,
  onProgress: (progress: FileProgress, lines: number) => void,
): Promise<ImportResult> {
  const expected = noTotals();
  const progress: FileProgress = { bytesRead: 0 };
  const inFlight = new Set<Promise<void>>();
  let addedEvents = 0;
  for await (const part of readInvoices(path, progress)) {
    for (const line of part.lines) addLine(expected, line);
    const recording = record(shop, part).then((added) => {
      addedEvents += added;
      inFlight.delete(recording);
    });
    inFlight.add(recording);
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
    onProgress(progress, expected.lines);
  }
  await Promise.all(inFlight);
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
