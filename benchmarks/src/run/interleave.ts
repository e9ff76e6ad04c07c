import { formatNumber } from '../report/numbers.ts';
import { warmUpOf } from './pace.ts';
import type { Results } from './results.ts';
import {
  type Bench,
  type Group,
  type PreparedWorkload,
  UnavailableError,
  type Workload,
} from './workload.ts';

interface ActiveWorkload {
  readonly workload: Workload;
  readonly prepared: PreparedWorkload;
}

/**
 * Measures workloads in turn: A B C, A B C, … after a first turn that is not counted.
 *
 * A workload that fails is left out of the following turns; the others continue.
 */
export async function interleave(group: Group, bench: Bench, results: Results): Promise<void> {
  const { pace } = bench;
  const failed = new Set<string>();
  const attempt = async (name: string, step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      failed.add(name);
      const reason = error instanceof Error ? error.message : String(error);
      results.addMissing(name, { reason, failure: !(error instanceof UnavailableError) });
      bench.say(`${name}: ${reason}`);
    }
  };
  const active: ActiveWorkload[] = [];
  try {
    for (const workload of group) {
      await attempt(workload.name, async () => {
        const prepared = await workload.setup(bench);
        active.push({ workload, prepared });
        results.add(workload.name, prepared.facts ?? {});
      });
    }
    for (let turn = 0; turn <= pace.repetitions; turn += 1) {
      for (const each of active) {
        const { name, once } = each.workload;
        if (failed.has(name) || (once === true && turn !== 1)) continue;
        await attempt(name, () => takeTurn(each, turn, bench, results));
      }
    }
  } finally {
    for (const { workload, prepared } of active.toReversed()) {
      await attempt(workload.name, () => prepared.teardown());
    }
  }
}

async function takeTurn(
  { workload, prepared }: ActiveWorkload,
  turn: number,
  { pace, say }: Bench,
  results: Results,
): Promise<void> {
  if (turn === 0) {
    await prepared.run(warmUpOf(pace));
    return;
  }
  const figures = await prepared.run(pace);
  results.add(workload.name, figures);
  const [[name, value] = ['', 0]] = Object.entries(figures);
  say(
    `${workload.name}  ${turn}/${workload.once === true ? 1 : pace.repetitions}  ${name} ${formatNumber(value)}`,
  );
}
