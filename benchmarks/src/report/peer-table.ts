import { peerPackages, peers, versionOf } from '../peers/peer-list.ts';
import type { Results } from '../run/results.ts';
import { summarize } from '../statistics/summary.ts';
import { formatNumber, formatSummary } from './numbers.ts';

/**
 * The peers beside Leftfold, as Markdown. What does not run says why; where a peer is better, it is in bold. Nothing
 * when no peer was asked for.
 */
export function peerTable(results: Results): readonly string[] {
  if (![...results.names, ...results.missing.keys()].some((name) => name.includes('.peer.'))) return [];
  const row = (title: string, append: string, project: string, ours = false) =>
    [
      cell(results, `append.64.${append}`, 'append.64.leftfold', ours),
      latency(results, `append.64.${append}.p99Ms`),
      cell(results, `project.table.${project}`, 'project.table.leftfold', ours),
      title,
    ].join(' | ');
  const rows = [
    row('Leftfold', 'leftfold', 'leftfold', true),
    ...peers.map((peer) => row(`${peerPackages[peer]} ${versionOf(peer)}`, `peer.${peer}`, `peer.${peer}`)),
  ];
  return [
    '| appends, 64 in flight: events/s | p99 ms | a read model catching up: events/s | package |',
    '|---:|---:|---:|---|',
    ...rows.map((cells) => `| ${cells} |`),
  ];
}

function cell(results: Results, workload: string, leftfold: string, ours: boolean): string {
  const values = results.values(`${workload}.eventsPerSecond`);
  if (values.length === 0)
    return results.missing.get(workload)?.reason.replaceAll('|', '/') ?? 'not measured';
  const text = formatSummary(summarize(values));
  const leftfoldRate = results.median(`${leftfold}.eventsPerSecond`);
  const better = !ours && leftfoldRate !== undefined && summarize(values).median > leftfoldRate;
  return better ? `**${text}**` : text;
}

function latency(results: Results, name: string): string {
  const value = results.median(name);
  return value === undefined ? '' : formatNumber(value);
}
