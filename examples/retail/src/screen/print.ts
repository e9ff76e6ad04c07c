import { styleText } from 'node:util';

export function heading(text: string): void {
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}

export function line(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

/** Prints a table with a heading line. Columns of numbers are right-aligned. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const numeric = columns.map((_, index) => rows.every((row) => /^-?[£\d,.]+$/.test(row[index] ?? '')));
  const print = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (numeric[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join('  ');
  line(styleText('dim', print(columns)));
  for (const row of rows) line(print(row));
}

/** Prints a figure, and the expected one when it differs. @returns whether they are equal */
export function checkLine(
  what: string,
  format: (value: number) => string,
  found: number | undefined,
  expected: number,
): boolean {
  const same = found === expected;
  const mark = same ? styleText('green', '✓') : styleText('red', '✗');
  const difference = same ? '' : ` — the file has ${format(expected)}`;
  line(
    `${mark} ${what.padEnd(36)} ${(found === undefined ? 'none' : format(found)).padStart(14)}${difference}`,
  );
  return same;
}

export function amount(value: number): string {
  return value.toLocaleString('en');
}

/** Formats thousandths of a pound, rounded to the penny. No other code rounds. */
export function pounds(mils: number): string {
  const pence = Math.round(Math.abs(mils) / 10);
  const text = (pence / 100).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return `${mils < 0 ? '-' : ''}£${text}`;
}
