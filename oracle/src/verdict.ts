import type { RunOptions, Subject, Violation } from './subject.ts';

export interface Verdict {
  readonly exitCode: 0 | 1 | 2;
  readonly lines: readonly string[];
}

const SHOWN = 20;

/** What a run says, in words and as an exit code. */
export function toVerdict(
  { holds }: Subject,
  { control, seed }: Pick<RunOptions, 'control' | 'seed'>,
  violations: readonly Violation[],
): Verdict {
  const lines = violations.slice(0, SHOWN).map(({ text }) => `VIOLATION  ${text}`);
  if (violations.length > SHOWN) lines.push(`VIOLATION  ... and ${violations.length - SHOWN} more`);
  if (violations.length > 0) {
    lines.push(`${violations.length} violations. The same choices again: --seed ${seed}`);
  }
  if (control === undefined) {
    if (violations.length === 0) lines.push(holds);
    return { exitCode: violations.length === 0 ? 0 : 1, lines };
  }
  if (violations.some(({ kind }) => kind === control.mustFind)) {
    lines.push(`The control was found out, as it must be: ${control.change}.`);
    return { exitCode: 1, lines };
  }
  lines.push(
    `The control was NOT found out: ${control.change}, and no violation of the kind "${control.mustFind}" was found.`,
    'A run without violations proves nothing then. Run the control for longer; if it stays so, mend the oracle.',
  );
  return { exitCode: 2, lines };
}
