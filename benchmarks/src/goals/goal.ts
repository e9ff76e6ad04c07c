import type { Results } from '../run/results.ts';
import { pairedRatios, type Summary, summarize } from '../statistics/summary.ts';

/** A row of the speed table. */
export interface Goal {
  /** As it is named in the JSON. */
  readonly name: string;
  /** For people. */
  readonly what: string;
  /** The figure that is ours. */
  readonly of: string;
  /** The figure it is divided by; none when the figure itself is judged. */
  readonly against?: string | BestOf;
  readonly limit: { readonly atLeast: number } | { readonly atMost: number };
  /** Left out of the quick run. */
  readonly fullOnly?: boolean;
}

/** The largest among the figures that begin and end so. */
export interface BestOf {
  readonly workloads: string;
  readonly figure: string;
}

/** What became of a goal. */
export interface Verdict {
  readonly goal: Goal;
  /** The figure of ours. */
  readonly ours: Summary;
  /** What it is compared with, and whose it is. */
  readonly against: { readonly name: string; readonly summary: Summary } | undefined;
  /** What is held against the limit: the ratio, or our figure. */
  readonly value: Summary;
  readonly met: boolean;
  /** Somebody else is better. */
  readonly beaten: boolean;
}

/** undefined when what it takes was not measured. */
export function judge(goal: Goal, results: Results): Verdict | undefined {
  const values = results.values(goal.of);
  if (values.length === 0) return undefined;
  const ours = summarize(values);
  if (goal.against === undefined) {
    return { goal, ours, against: undefined, value: ours, met: isMet(goal, ours.median), beaten: false };
  }
  const name = typeof goal.against === 'string' ? goal.against : bestOf(goal.against, results);
  const theirs = name === undefined ? [] : results.values(name);
  if (name === undefined || theirs.length === 0) return undefined;
  const value = summarize(pairedRatios(values, theirs));
  const beaten = typeof goal.against === 'object' && value.median < 1;
  return {
    goal,
    ours,
    against: { name, summary: summarize(theirs) },
    value,
    met: isMet(goal, value.median),
    beaten,
  };
}

function isMet({ limit }: Goal, value: number): boolean {
  return 'atLeast' in limit ? value >= limit.atLeast : value <= limit.atMost;
}

/** The name of the figure that is largest in the middle of its repetitions. */
function bestOf({ workloads, figure }: BestOf, results: Results): string | undefined {
  const names = results.names.filter((name) => name.startsWith(workloads) && name.endsWith(`.${figure}`));
  return names.toSorted((a, b) => results.median(b)! - results.median(a)!)[0];
}
