import { setTimeout as delay } from 'node:timers/promises';

/** A line of a journal. */
export interface Done {
  /** The process. */
  readonly name: string;
  readonly kind: string;
  readonly text: string;
}

/** How much processes have done so far. */
export interface Tally {
  readonly commands: number;
  readonly queries: number;
  /** Of both, those that met an outage. */
  readonly failed: number;
}

export function tallyOf(lines: readonly Done[]): Tally {
  const count = (kind: string, what: string) =>
    lines.filter((line) => line.kind === kind && line.text.startsWith(what)).length;
  return { commands: count('done', 'write'), queries: count('done', 'read'), failed: count('outage', '') };
}

export function between(before: Tally, after: Tally): Tally {
  return {
    commands: after.commands - before.commands,
    queries: after.queries - before.queries,
    failed: after.failed - before.failed,
  };
}

/** Waits until nothing that the faults have broken is met any more: for two seconds everything has been answered. */
export async function untilUndisturbed(tally: () => Tally, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let before = tally(); performance.now() < deadline; ) {
    await delay(2_000);
    const now = tally();
    const { commands, queries, failed } = between(before, now);
    if (failed === 0 && commands > 0 && queries > 0) return;
    before = now;
  }
}
