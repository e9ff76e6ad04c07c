/** Median and range of some values. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError when there is no value */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('a median needs at least one value');
  return (lower + upper) / 2;
}

/**
 * One ratio for each repetition. Both values of a repetition were measured shortly after each other, so a slowdown of
 * the machine affects both and cancels out. A figure with another number of values is replaced by its median.
 */
export function pairedRatios(values: readonly number[], against: readonly number[]): readonly number[] {
  if (values.length === against.length) return values.map((value, index) => value / against[index]!);
  const middle = median(against);
  return values.map((value) => value / middle);
}
