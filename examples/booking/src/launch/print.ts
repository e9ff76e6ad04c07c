import { styleText } from 'node:util';

export function heading(text: string): void {
  process.stdout.write(`${styleText('bold', text)}\n`);
}

export function line(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

/** @returns whether it holds */
export function checked(holds: boolean, what: string): boolean {
  line(`${holds ? styleText('green', '✓') : styleText('red', '✗')} ${what}`);
  return holds;
}
