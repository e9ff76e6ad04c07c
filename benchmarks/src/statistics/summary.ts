/** The middle of some values, and how far they lie apart. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError when there is no value */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The middle value; between the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('there is no median of nothing');
  return (lower + upper) / 2;
}

/**
 * One ratio for each repetition. Those of one repetition were measured next to each other: what slowed the machine
 * down for both of them does not show in their ratio. What was not measured as often is taken by its median.
 */
export function pairedRatios(values: readonly number[], against: readonly number[]): readonly number[] {
  if (values.length === against.length) return values.map((value, index) => value / against[index]!);
  const middle = median(against);
  return values.map((value) => value / middle);
}
