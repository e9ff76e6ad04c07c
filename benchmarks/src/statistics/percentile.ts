import type { Figures } from '../run/workload.ts';

/**
 * The smallest value that at least `share` of all values do not exceed (nearest rank). It is always a measured value.
 *
 * @param sorted ascending, at least one value
 * @param share above 0, up to 1
 */
export function percentile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('a percentile needs at least one value');
  return value;
}

/** The latencies of the report. */
export function latencyFigures(latenciesMs: readonly number[]): Figures {
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    p50Ms: percentile(sorted, 0.5),
    p90Ms: percentile(sorted, 0.9),
    p99Ms: percentile(sorted, 0.99),
    p999Ms: percentile(sorted, 0.999),
    maxMs: percentile(sorted, 1),
  };
}
