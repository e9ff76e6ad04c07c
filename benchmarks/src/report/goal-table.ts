import type { Goal, Verdict } from '../goals/goal.ts';
import { formatNumber, formatSummary } from './numbers.ts';

/** The speed table as Markdown. */
export function goalTable(verdicts: readonly Verdict[]): readonly string[] {
  return [
    '| what | Leftfold | against | ratio or figure | goal | |',
    '|---|---|---|---|---|---|',
    ...verdicts.map((verdict) => `| ${cellsOf(verdict).join(' | ')} |`),
  ];
}

function cellsOf({ goal, ours, against, value, met, beaten }: Verdict): readonly string[] {
  return [
    `${goal.what}<br>\`${goal.name}\``,
    formatSummary(ours),
    against === undefined ? '' : `${formatSummary(against.summary)}<br>\`${against.name}\``,
    formatSummary(value),
    formatLimit(goal),
    outcomeOf(met, beaten),
  ];
}

function formatLimit({ limit }: Goal): string {
  return 'atLeast' in limit ? `≥ ${formatNumber(limit.atLeast)}` : `≤ ${formatNumber(limit.atMost)}`;
}

function outcomeOf(met: boolean, beaten: boolean): string {
  if (beaten) return '**the peer wins**';
  return met ? 'met' : '**missed**';
}
