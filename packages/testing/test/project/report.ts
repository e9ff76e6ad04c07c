import { appendFileSync } from 'node:fs';

/** Writes a line to the file that the test of this project reads. */
export function report(what: string): void {
  appendFileSync(process.env['REPORT'] ?? '', `${what}\n`);
}
