import { expect, test } from 'vitest';
import { Results } from '../run/results.ts';
import { appendChart } from './chart.ts';

const results = new Results();
results.add('append.64.leftfold', { eventsPerSecond: 25_000 });
results.add('append.bulk', { eventsPerSecond: 100_000 });

test('the longest bar fills the chart, the others are in proportion, and what was not measured has none', () => {
  const svg = appendChart(results, 'a & b');
  const bars = [
    ...svg.matchAll(/width="([\d.]+)" height="8" rx="2" style="fill: var\(--chart-(sql|ours)\)"/g),
  ];
  expect(bars.map(([, length]) => Number(length))).toEqual([356, 89]);
  expect(svg).toContain('100,000');
  expect(svg).not.toContain('Castore');
  expect(svg).toContain('a &amp; b');
});

test('every colour is a property that the SVG sets for light and for dark', () => {
  const svg = appendChart(results, 'caption');
  const used = new Set([...svg.matchAll(/fill: var\((--chart-[a-z]+)\)/g)].map(([, name = '']) => name));
  expect(used.size).toBeGreaterThan(3);
  for (const name of used) expect(svg.match(new RegExp(`${name}: #`, 'g')), name).toHaveLength(2);
});
