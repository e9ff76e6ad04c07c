import type { Results } from './results.ts';
import {
  type Bench,
  type Group,
  type PreparedWorkload,
  UnavailableError,
  type Workload,
} from './workload.ts';

interface Ready {
  readonly workload: Workload;
  readonly prepared: PreparedWorkload;
}

/**
 * Measures workloads in turn: A B C, A B C, … after one repetition of each that is not counted.
 *
 * A workload that fails is left out from then on, and the others go on.
 */
export async function interleave(group: Group, bench: Bench, results: Results): Promise<void> {
  const { pace, say } = bench;
  let running: Ready[] = [];
  const attempt = async (workload: Workload, step: () => Promise<void>): Promise<boolean> => {
    try {
      await step();
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      results.addMissing(workload.name, { reason, failure: !(error instanceof UnavailableError) });
      say(`${workload.name}: ${reason}`);
      return false;
    }
  };
  const ready: Ready[] = [];
  try {
    for (const workload of group) {
      await attempt(workload, async () => {
        const prepared = await workload.setup(bench);
        ready.push({ workload, prepared });
        if (prepared.facts !== undefined) results.add(workload.name, prepared.facts);
      });
    }
    running = ready;
    for (let repetition = 0; repetition <= pace.repetitions; repetition += 1) {
      const still: Ready[] = [];
      for (const each of running) {
        const { workload, prepared } = each;
        if (workload.once === true && repetition !== 1) {
          still.push(each);
          continue;
        }
        const worked = await attempt(workload, async () => {
          const figures = await prepared.run(repetition === 0 ? { ...pace, sampleMs: pace.warmUpMs } : pace);
          if (repetition === 0) return;
          results.add(workload.name, figures);
          const [[name, value] = ['', 0]] = Object.entries(figures);
          say(`${workload.name}  ${repetition}/${pace.repetitions}  ${name} ${value.toFixed(3)}`);
        });
        if (worked) still.push(each);
      }
      running = still;
    }
  } finally {
    for (const { workload, prepared } of ready.toReversed())
      await attempt(workload, () => prepared.teardown());
  }
}
