import type { Results } from '../run/results.ts';
import { summarize } from '../statistics/summary.ts';
import { formatNumber, formatSummary } from './numbers.ts';

const rates = ['eventsPerSecond', 'perSecond'];
const latencies = ['p50Ms', 'p90Ms', 'p99Ms', 'p999Ms'];

/** Every workload with its rate and its latencies, as Markdown. */
export function workloadTable(results: Results): readonly string[] {
  const suffix = new RegExp(`\\.(?:${[...rates, 'p50Ms'].join('|')})$`);
  const workloads = new Set(
    results.names.filter((name) => suffix.test(name)).map((name) => name.slice(0, name.lastIndexOf('.'))),
  );
  return [
    '| workload | per second | p50 ms | p90 ms | p99 ms | p99.9 ms |',
    '|---|---|---|---|---|---|',
    ...[...workloads].map((workload) => {
      const rate = rates
        .map((figure) => results.values(`${workload}.${figure}`))
        .find(({ length }) => length > 0);
      const cells = [
        `\`${workload}\``,
        rate === undefined ? '' : formatSummary(summarize(rate)),
        ...latencies.map((figure) => {
          const value = results.median(`${workload}.${figure}`);
          return value === undefined ? '' : formatNumber(value);
        }),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}
