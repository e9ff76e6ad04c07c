import type { Verdict } from '../goals/goal.ts';
import type { Results } from '../run/results.ts';
import { type Summary, summarize } from '../statistics/summary.ts';
import type { About } from './about.ts';

/**
 * Every figure by name: the ratios of the speed table and the raw figures as plain numbers (medians), and beside them
 * `about`, `ranges` (lowest and highest) and `missing`.
 */
export function toJson(about: About, verdicts: readonly Verdict[], results: Results): string {
  const summaries = new Map<string, Summary>();
  for (const { goal, value } of verdicts) summaries.set(goal.name, value);
  for (const name of results.names) summaries.set(name, summarize(results.values(name)));
  const entries = [...summaries];
  const document = {
    ...Object.fromEntries(entries.map(([name, { median }]) => [name, median])),
    about,
    goals: Object.fromEntries(verdicts.map(({ goal, met }) => [goal.name, { ...goal.limit, met }])),
    ranges: Object.fromEntries(entries.map(([name, { min, max }]) => [name, [min, max]])),
    missing: Object.fromEntries([...results.missing].map(([name, { reason }]) => [name, reason])),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
