import type { Summary } from '../statistics/summary.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Three digits that count; whole numbers in groups of thousands. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return whole.format(value);
  return String(Number(value.toPrecision(3)));
}

/** `1.24 (1.2–1.31)`; with a unit `1.24 ms (1.2–1.31)`. */
export function formatSummary({ median, min, max }: Summary, unit = ''): string {
  const middle = unit === '' ? formatNumber(median) : `${formatNumber(median)} ${unit}`;
  return min === max ? middle : `${middle} (${formatNumber(min)}–${formatNumber(max)})`;
}
