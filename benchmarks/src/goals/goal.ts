import type { Results } from '../run/results.ts';
import { pairedRatios, type Summary, summarize } from '../statistics/summary.ts';

/** A row of the table of goals. */
export interface Goal {
  /** The name of the goal in the JSON. */
  readonly name: string;
  /** Another prefix by which `--only` selects it. */
  readonly also?: string;
  /** The description in the report. */
  readonly what: string;
  /** The name of Leftfold's figure. */
  readonly of: string;
  /** The figure that it is divided by; undefined when the figure itself is judged. */
  readonly against?: string | BestOf;
  readonly limit: { readonly atLeast: number } | { readonly atMost: number };
  /** Left out of the quick run. */
  readonly fullOnly?: boolean;
}

/** The largest of the figures whose names begin with `workloads` and end with `figure`. */
export interface BestOf {
  readonly workloads: string;
  readonly figure: string;
}

/** The result of a goal. */
export interface Verdict {
  readonly goal: Goal;
  /** Leftfold's figure. */
  readonly ours: Summary;
  /** The figure that it is compared with, and its name. */
  readonly against: { readonly name: string; readonly summary: Summary } | undefined;
  /** The value that is compared with the limit: the ratio, or Leftfold's figure. */
  readonly value: Summary;
  readonly met: boolean;
  /** A peer is faster. */
  readonly beaten: boolean;
}

/** @returns undefined when one of the figures was not measured */
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

/** The name of the figure with the largest median. */
function bestOf({ workloads, figure }: BestOf, results: Results): string | undefined {
  const names = results.names.filter((name) => name.startsWith(workloads) && name.endsWith(`.${figure}`));
  return names.toSorted((a, b) => results.median(b)! - results.median(a)!)[0];
}
