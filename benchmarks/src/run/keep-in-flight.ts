import { latencyFigures } from '../statistics/percentile.ts';
import type { Figures } from './workload.ts';

/**
 * Keeps `count` actions in flight for a time. Each of `count` callers begins its next action when its last has ended.
 *
 * @returns `perSecond`, and the latencies of the actions
 */
export async function keepInFlight(
  count: number,
  durationMs: number,
  action: (caller: number) => Promise<unknown>,
): Promise<Figures> {
  const latencies: number[] = [];
  const started = performance.now();
  const deadline = started + durationMs;
  const caller = async (_: unknown, index: number) => {
    for (let begun = performance.now(); begun < deadline; ) {
      await action(index);
      const ended = performance.now();
      latencies.push(ended - begun);
      begun = ended;
    }
  };
  await Promise.all(Array.from({ length: count }, caller));
  return {
    perSecond: (latencies.length / (performance.now() - started)) * 1_000,
    ...latencyFigures(latencies),
  };
}
