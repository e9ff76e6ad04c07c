import type { Goal, Verdict } from '../goals/goal.ts';
import type { Summary } from '../statistics/summary.ts';
import { formatNumber, formatSummary } from './numbers.ts';
import { unitOf, wordsFor } from './wording.ts';

/** The speed table as Markdown: what was reached and what was aimed at come first. */
export function goalTable(verdicts: readonly Verdict[]): readonly string[] {
  return [
    '| result | goal | what | figures |',
    '|---:|---:|---|---|',
    ...verdicts.map((verdict) => `| ${cellsOf(verdict).join(' | ')} |`),
  ];
}

function cellsOf({ goal, ours, against, value, met, beaten }: Verdict): readonly string[] {
  const unit = against === undefined ? unitOf(goal.of) : '×';
  return [
    // Without its breaks, as on a narrow screen, a cell still reads as a line.
    formatSummary(value, unit).replace(' (', ' <br>('),
    `${formatLimit(goal)} ${unit}, <br>${outcomeOf(met, beaten)}`,
    goal.what,
    against === undefined
      ? ''
      : `${figuresOf(ours, against.summary)} ${unitOf(goal.of)}${peerOf(goal, against.name)}`,
  ];
}

function figuresOf(ours: Summary, theirs: Summary): string {
  return `${formatNumber(ours.median)} against ${formatNumber(theirs.median)}`;
}

/** Which of the peers is the best one; every other goal says itself what it compares with. */
function peerOf({ against }: Goal, figure: string): string {
  if (typeof against !== 'object') return '';
  return `<br>${wordsFor(figure.slice(0, figure.lastIndexOf('.')))}`;
}

function formatLimit({ limit }: Goal): string {
  return 'atLeast' in limit ? `≥ ${formatNumber(limit.atLeast)}` : `≤ ${formatNumber(limit.atMost)}`;
}

function outcomeOf(met: boolean, beaten: boolean): string {
  if (beaten) return '**the peer wins**';
  return met ? 'met' : '**missed**';
}
