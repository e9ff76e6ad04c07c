import { expect, test } from 'vitest';
import { Results } from '../run/results.ts';
import { chart } from './chart.ts';

test('the longest bar of a panel fills it, the others are in proportion, and what was not measured has none', () => {
  const results = new Results();
  results.add('append.bulk', { eventsPerSecond: 100_000 });
  results.add('append.64.leftfold', { eventsPerSecond: 25_000 });
  const svg = chart(results, 'a & b');
  const widths = [...svg.matchAll(/width="([\d.]+)" height="17"/g)].map(([, value]) => Number(value));
  expect(widths).toEqual([420, 105]);
  expect(svg).toContain('100,000');
  expect(svg).not.toContain('castore');
  expect(svg).toContain('a &amp; b');
});
