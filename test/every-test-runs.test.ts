import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, root } from './source-file.ts';

// The linter knows `test` of vitest only, and most suites use one with fixtures.
const leftOut = /\b(?:test|describe)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/;

test('no test is skipped, focused or expected to fail', () => {
  const suites = ['packages', 'examples', 'benchmarks', 'docs']
    .flatMap(filesBelow)
    .filter((path) => /\.test(-d)?\.ts$/.test(path));
  expect(suites.length).toBeGreaterThan(50);
  const found = suites.filter((path) => leftOut.test(readFileSync(join(root, path), 'utf8')));
  expect(found).toEqual([]);
});
