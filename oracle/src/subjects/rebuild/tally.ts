import { setTimeout as delay } from 'node:timers/promises';

/** A line of a journal. */
export interface Done {
  /** The process. */
  readonly name: string;
  readonly kind: string;
  readonly text: string;
}

/** What processes have done. */
export interface Tally {
  /** Milliseconds of each command that was executed, the shortest first. */
  readonly commandMs: readonly number[];
  /** Of one row, or of all of them. */
  readonly queries: number;
  /** Commands that arrived while too many were under way, and were not begun. */
  readonly crowded: number;
  /** Commands and queries that met an outage. */
  readonly failed: number;
}

export function tallyOf(lines: readonly Done[]): Tally {
  const of = (kind: string) => lines.filter((line) => line.kind === kind);
  const done = of('done');
  const written = done.filter(({ text }) => text.startsWith('write '));
  return {
    commandMs: written.map(({ text }) => Number(text.split(' ')[1])).toSorted((one, other) => one - other),
    queries: done.length - written.length,
    crowded: of('crowded').length,
    failed: of('outage').length,
  };
}

/** The lines that the processes have written since. */
export function linesSince(before: readonly Done[], now: readonly Done[]): readonly Done[] {
  const known = new Map<string, number>();
  for (const { name } of before) known.set(name, (known.get(name) ?? 0) + 1);
  return now.filter(({ name }) => {
    const left = known.get(name) ?? 0;
    known.set(name, left - 1);
    return left <= 0;
  });
}

/** Waits until nothing that the faults have broken is met any more: for two seconds everything has been answered. */
export async function untilUndisturbed(lines: () => readonly Done[], patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let before = lines(); performance.now() < deadline; ) {
    await delay(2_000);
    const now = lines();
    const { commandMs, queries, failed } = tallyOf(linesSince(before, now));
    if (failed === 0 && commandMs.length > 0 && queries > 0) return;
    before = now;
  }
}

/** Commands in a second, and how long they took. */
export function describeCommands({ commandMs, crowded }: Tally, seconds: number): string {
  const at = (share: number) => commandMs[Math.ceil(share * commandMs.length) - 1] ?? 0;
  const late = crowded === 0 ? '' : `, and ${crowded} were not begun since too many were under way`;
  return `${Math.round(commandMs.length / seconds)} commands a second were executed, p50 · p99 in ${at(0.5)} · ${at(0.99)} ms${late}`;
}
