import { mkdirSync, writeFileSync } from 'node:fs';
import type { Verdict } from '../goals/goal.ts';
import type { Results } from '../run/results.ts';
import { type About, captionOf } from './about.ts';
import { appendChart, catchUpChart } from './chart.ts';
import { benchmarksPage } from './page.ts';

const docs = new URL('../../../docs/', import.meta.url);

/** Writes the page and its charts into the documentation. */
export function publish(about: About, verdicts: readonly Verdict[], results: Results): void {
  const caption = captionOf(about);
  mkdirSync(new URL('public/', docs), { recursive: true });
  writeFileSync(new URL('benchmarks.md', docs), benchmarksPage(about, verdicts, results));
  writeFileSync(new URL('public/benchmarks-appends.svg', docs), appendChart(results, caption));
  writeFileSync(new URL('public/benchmarks-catch-up.svg', docs), catchUpChart(results, caption));
}
