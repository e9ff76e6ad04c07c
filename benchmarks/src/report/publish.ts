import { mkdirSync, writeFileSync } from 'node:fs';
import type { Verdict } from '../goals/goal.ts';
import type { Results } from '../run/results.ts';
import type { About } from './about.ts';
import { chart } from './chart.ts';
import { benchmarksPage } from './page.ts';

const docs = new URL('../../../docs/', import.meta.url);

/** Writes the page and its chart into the documentation. */
export function publish(about: About, verdicts: readonly Verdict[], results: Results): void {
  const { cores, memoryMb } = about.machine;
  const caption = `${about.date}, ${cores} cores and ${Math.round(memoryMb / 1_024)} GB of memory for client and server, every commit on disk`;
  mkdirSync(new URL('public/', docs), { recursive: true });
  writeFileSync(new URL('benchmarks.md', docs), benchmarksPage(about, verdicts, results));
  writeFileSync(new URL('public/benchmarks.svg', docs), chart(results, caption));
}
