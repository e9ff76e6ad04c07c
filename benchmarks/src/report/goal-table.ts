import type { Goal, Verdict } from '../goals/goal.ts';
import type { Summary } from '../statistics/summary.ts';
import { formatNumber, formatSummary } from './numbers.ts';
import { unitOf, wordsFor } from './wording.ts';

/** The speed table as Markdown: what was reached and what was aimed at come first. */
export function goalTable(verdicts: readonly Verdict[]): readonly string[] {
  return [
    '| result | goal | what | Leftfold | compared with |',
    '|---:|---:|---|---|---|',
    ...verdicts.map((verdict) => `| ${cellsOf(verdict).join(' | ')} |`),
  ];
}

function cellsOf({ goal, ours, against, value, met, beaten }: Verdict): readonly string[] {
  const unit = against === undefined ? unitOf(goal.of) : '×';
  return [
    formatSummary(value, unit),
    `${formatLimit(goal)} ${unit}<br>${outcomeOf(met, beaten)}`,
    goal.what,
    against === undefined ? '' : medianOf(goal.of, ours),
    against === undefined
      ? ''
      : `${medianOf(against.name, against.summary)}<br>${wordsFor(workloadOf(against.name))}`,
  ];
}

function medianOf(figure: string, { median }: Summary): string {
  return `${formatNumber(median)} ${unitOf(figure)}`;
}

/** `append.bulk` of `append.bulk.eventsPerSecond`. */
function workloadOf(figure: string): string {
  return figure.slice(0, figure.lastIndexOf('.'));
}

function formatLimit({ limit }: Goal): string {
  return 'atLeast' in limit ? `≥ ${formatNumber(limit.atLeast)}` : `≤ ${formatNumber(limit.atMost)}`;
}

function outcomeOf(met: boolean, beaten: boolean): string {
  if (beaten) return '**the peer wins**';
  return met ? 'met' : '**missed**';
}
