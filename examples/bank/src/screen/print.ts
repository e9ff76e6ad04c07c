import { styleText } from 'node:util';

/** Prints the heading of a scene. */
export function heading(text: string): void {
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}

export function line(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

/** Prints a statement that was checked. @throws Error when it does not hold, which ends the demo */
export function checked(holds: boolean, text: string): void {
  if (!holds) throw new Error(`a check of the demo failed: ${text}`);
  process.stdout.write(`  ${styleText('green', '✓')} ${text}\n`);
}

export function euros(cents: number): string {
  return `€${(cents / 100).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function count(amount: number): string {
  return amount.toLocaleString('en');
}
