import { styleText } from 'node:util';

/** What a person sees: a heading for each scene, and a line for each thing worth knowing. */
export function heading(text: string): void {
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}

export function line(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

/** A statement that was checked. @throws Error when it does not hold, so that the demo fails loudly */
export function checked(holds: boolean, text: string): void {
  if (!holds) throw new Error(`this should hold, and does not: ${text}`);
  process.stdout.write(`  ${styleText('green', '✓')} ${text}\n`);
}

export function euros(cents: number): string {
  return `€${(cents / 100).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function count(amount: number): string {
  return amount.toLocaleString('en');
}
