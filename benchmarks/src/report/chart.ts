import { peers } from '../peers/peer-list.ts';
import type { Results } from '../run/results.ts';
import { formatNumber } from './numbers.ts';
import { wordsFor } from './wording.ts';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: 'ours' | 'sql' | 'peer';
}

const width = 380;
const margin = 12;
const barWidth = width - 2 * margin;
const rowHeight = 36;

/**
 * The colours of a chart that is an image by itself follow the reader's system. In a page that has the SVG inline,
 * `:root` is the page and not the SVG: the page sets the same properties, for its own light and dark.
 */
const style = `<style>
  svg:root {
    --chart-background: #ffffff; --chart-text: #1f2328; --chart-quiet: #5c626b; --chart-track: #eceef1;
    --chart-ours: #2f6f4f; --chart-sql: #8a8f98; --chart-peer: #c9a227;
  }
  @media (prefers-color-scheme: dark) {
    svg:root {
      --chart-background: #1b1b1f; --chart-text: #dfdfd6; --chart-quiet: #98989f; --chart-track: #2c2c33;
      --chart-ours: #5fb88a; --chart-sql: #7d828c; --chart-peer: #d9b544;
    }
  }
</style>`;

/** Appends as bars. */
export function appendChart(results: Results, caption: string): string {
  const workloads = [
    'append.bulk',
    'append.1024.leftfold',
    'append.64.leftfold',
    'append.64.insert',
    ...peers.map((peer) => `append.64.peer.${peer}`),
  ];
  return draw('Appends, one event each: events per second', barsOf(results, workloads), caption);
}

/** A read model that catches up, as bars. */
export function catchUpChart(results: Results, caption: string): string {
  const workloads = [
    'project.table.loop',
    'project.table.leftfold',
    ...peers.map((peer) => `project.table.peer.${peer}`),
  ];
  return draw('A read model catching up: events per second', barsOf(results, workloads), caption);
}

/** What was measured, the largest first. */
function barsOf(results: Results, workloads: readonly string[]): readonly Bar[] {
  return workloads
    .flatMap((workload) => {
      const value = results.median(`${workload}.eventsPerSecond`);
      return value === undefined ? [] : [{ label: wordsFor(workload), value, kind: kindOf(workload) }];
    })
    .toSorted((one, other) => other.value - one.value);
}

function kindOf(workload: string): Bar['kind'] {
  if (workload.includes('.peer.')) return 'peer';
  return workload.endsWith('.leftfold') ? 'ours' : 'sql';
}

/** One scale from 0 for all bars; the label stands above its bar, so that the chart can be as narrow as a telephone. */
function draw(title: string, bars: readonly Bar[], caption: string): string {
  const largest = Math.max(1, ...bars.map(({ value }) => value));
  const height = 40 + bars.length * rowHeight + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" font-size="13">`,
    style,
    '<rect width="100%" height="100%" rx="8" style="fill: var(--chart-background)"/>',
    text(margin, 24, title, 'text', 'font-weight="600" font-size="14"'),
    ...bars.flatMap((bar, index) => drawBar(bar, largest, 40 + index * rowHeight)),
    text(margin, height - 10, caption, 'quiet', 'font-size="11"'),
    '</svg>',
    '',
  ].join('\n');
}

function drawBar({ label, value, kind }: Bar, largest: number, top: number): readonly string[] {
  const length = Math.max(1, (value / largest) * barWidth);
  return [
    text(margin, top + 14, label, 'text'),
    text(width - margin, top + 14, formatNumber(value), 'text', 'text-anchor="end"'),
    rect(barWidth, top, 'track'),
    rect(length, top, kind),
  ];
}

function rect(length: number, top: number, colour: string): string {
  return `<rect x="${margin}" y="${top + 20}" width="${length.toFixed(1)}" height="8" rx="2" style="fill: var(--chart-${colour})"/>`;
}

function text(x: number, y: number, content: string, colour: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" style="fill: var(--chart-${colour})" ${attributes}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
