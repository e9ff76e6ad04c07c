import { type PeerName, peers } from '../peers/peer-list.ts';
import type { Results } from '../run/results.ts';
import { formatNumber } from './numbers.ts';

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: 'ours' | 'bare' | 'peer';
}

const width = 760;
const labelWidth = 230;
const barWidth = width - labelWidth - 110;
const rowHeight = 24;
const colours = { ours: '#2f6f4f', bare: '#8a8f98', peer: '#c9a227' };

/** Appends and projections as bars, each panel on its own scale from 0: an SVG that needs no font or style of a page. */
export function chart(results: Results, caption: string): string {
  const panels: readonly (readonly [string, readonly Bar[]])[] = [
    [
      'Appends, one event each: events per second',
      barsOf(results, [
        ['bare bulk insert, best size', 'append.bulk', 'bare'],
        ['Leftfold, 1,024 in flight', 'append.1024.leftfold', 'ours'],
        ['Leftfold, 64 in flight', 'append.64.leftfold', 'ours'],
        ['bare INSERT, 64 connections', 'append.64.insert', 'bare'],
        ...peers.map((peer) => peerBar(peer, 'append.64.peer')),
      ]),
    ],
    [
      'A read model catching up: events per second',
      barsOf(results, [
        ['a loop by hand', 'project.table.loop', 'bare'],
        ['Leftfold', 'project.table.leftfold', 'ours'],
        ...peers.map((peer) => peerBar(peer, 'project.table.peer')),
      ]),
    ],
  ];
  let y = 8;
  const parts = panels.flatMap(([title, bars]) => {
    const panel = drawPanel(title, bars, y);
    y += 44 + bars.length * rowHeight;
    return panel;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 24}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>${escape(caption)}</title>`,
    '<rect width="100%" height="100%" rx="8" fill="#ffffff"/>',
    ...parts,
    `<text x="16" y="${y + 8}" font-size="11" fill="#5c626b">${escape(caption)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function peerBar(peer: PeerName, prefix: string): readonly [string, string, Bar['kind']] {
  return [peer, `${prefix}.${peer}`, 'peer'];
}

function barsOf(
  results: Results,
  wanted: readonly (readonly [string, string, Bar['kind']])[],
): readonly Bar[] {
  return wanted.flatMap(([label, workload, kind]) => {
    const value = results.median(`${workload}.eventsPerSecond`);
    return value === undefined ? [] : [{ label, value, kind }];
  });
}

function drawPanel(title: string, bars: readonly Bar[], top: number): readonly string[] {
  const largest = Math.max(1, ...bars.map(({ value }) => value));
  return [
    `<text x="16" y="${top + 20}" font-weight="600" fill="#1f2328">${escape(title)}</text>`,
    ...bars.flatMap(({ label, value, kind }, index) => {
      const y = top + 34 + index * rowHeight;
      const length = Math.max(1, (value / largest) * barWidth);
      return [
        `<text x="${labelWidth - 8}" y="${y + 13}" text-anchor="end" fill="#1f2328">${escape(label)}</text>`,
        `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="17" rx="2" fill="${colours[kind]}"/>`,
        `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 13}" fill="#1f2328">${formatNumber(value)}</text>`,
      ];
    }),
  ];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
