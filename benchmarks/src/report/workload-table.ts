import type { Results } from '../run/results.ts';
import { summarize } from '../statistics/summary.ts';
import { formatNumber, formatSummary } from './numbers.ts';
import { type Section, sectionsOf } from './wording.ts';

const rates = ['eventsPerSecond', 'perSecond'];
const columns = {
  p50Ms: 'p50 ms',
  p90Ms: 'p90 ms',
  p99Ms: 'p99 ms',
  p999Ms: 'p99.9 ms',
  attempts: 'attempts',
  failedShare: 'share that failed',
};

/** Every workload with its rate, its latencies and its attempts, as Markdown: a table for each section, figures first. */
export function workloadTable(results: Results): readonly string[] {
  const suffix = new RegExp(`\\.(?:${[...rates, 'p50Ms'].join('|')})$`);
  const measured = new Set(
    results.names.filter((name) => suffix.test(name)).map((name) => name.slice(0, name.lastIndexOf('.'))),
  );
  return sectionsOf([...measured])
    .flatMap((section) => ['', `### ${section.title}`, '', ...sectionTable(section, results)])
    .slice(1);
}

/** A column that no workload of the section has a figure for is left out. */
function sectionTable({ rate, rows }: Section, results: Results): readonly string[] {
  const shown = [
    { head: rate, cell: (workload: string) => rateOf(results, workload) },
    ...Object.entries(columns).map(([figure, head]) => ({
      head,
      cell: (workload: string) => medianOf(results, `${workload}.${figure}`),
    })),
  ].filter(({ cell }) => rows.some(([workload]) => cell(workload) !== ''));
  return [
    `| ${[...shown.map(({ head }) => head), 'what'].join(' | ')} |`,
    `|${'---:|'.repeat(shown.length)}---|`,
    ...rows.map(
      ([workload, words]) => `| ${[...shown.map(({ cell }) => cell(workload)), words].join(' | ')} |`,
    ),
  ];
}

function rateOf(results: Results, workload: string): string {
  const values = rates.map((rate) => results.values(`${workload}.${rate}`)).find(({ length }) => length > 0);
  return values === undefined ? '' : formatSummary(summarize(values));
}

function medianOf(results: Results, name: string): string {
  const value = results.median(name);
  return value === undefined ? '' : formatNumber(value);
}
