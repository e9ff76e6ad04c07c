import { appendFileSync } from 'node:fs';

/** Tells the test that runs this project what happened. */
export function report(what: string): void {
  appendFileSync(process.env['REPORT'] ?? '', `${what}\n`);
}
