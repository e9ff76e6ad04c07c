import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { type InvoiceLine, toInvoiceLine } from './invoice-line.ts';

/** Consecutive lines of one invoice. */
export interface InvoicePart {
  readonly invoiceNo: string;
  /** Number of its first line within the invoice, counted from 1 over the whole file. */
  readonly firstLine: number;
  readonly lines: readonly InvoiceLine[];
}

export interface FileProgress {
  bytesRead: number;
}

/** Reads the file in bounded memory, invoice by invoice. @param progress is updated with the number of bytes read */
export async function* readInvoices(
  path: string,
  progress: FileProgress,
): AsyncGenerator<InvoicePart, void, undefined> {
  const recorded = new Map<string, number>();
  let lines: InvoiceLine[] = [];
  const part = (): InvoicePart | undefined => {
    const [first] = lines;
    if (first === undefined) return undefined;
    const before = recorded.get(first.invoiceNo) ?? 0;
    recorded.set(first.invoiceNo, before + lines.length);
    return { invoiceNo: first.invoiceNo, firstLine: before + 1, lines };
  };
  for await (const line of readLines(path, progress)) {
    if (lines[0] !== undefined && lines[0].invoiceNo !== line.invoiceNo) {
      yield part()!;
      lines = [];
    }
    lines.push(line);
  }
  const last = part();
  if (last !== undefined) yield last;
}

async function* readLines(
  path: string,
  progress: FileProgress,
): AsyncGenerator<InvoiceLine, void, undefined> {
  const file = createReadStream(path);
  file.on('data', (chunk) => {
    progress.bytesRead += chunk.length;
  });
  const csv = parse({ columns: true, bom: true });
  const ended = (error: unknown) => {
    if (error instanceof Error) csv.destroy(error);
  };
  if (path.endsWith('.gz')) pipeline(file, createGunzip(), csv, ended);
  else pipeline(file, csv, ended);
  let lineNumber = 1;
  for await (const record of csv) {
    lineNumber += 1;
    yield toInvoiceLine(record, lineNumber);
  }
}

/** The size of the file, and a fingerprint of its content, which names the schema of its log. */
export async function identify(
  path: string,
): Promise<{ readonly bytes: number; readonly fingerprint: string }> {
  const { size } = await stat(path);
  await using file = await open(path);
  const beginning = Buffer.alloc(Math.min(size, 65_536));
  await file.read(beginning, 0, beginning.length, 0);
  const fingerprint = createHash('sha256').update(String(size)).update(beginning).digest('hex').slice(0, 8);
  return { bytes: size, fingerprint };
}
