// Checks the guarantees against the tests of a run: `main.ts [--write] FOLDER`, where the folder has the reports of
// vitest. Every guarantee needs a test that ran and passed, and docs/guarantees.md has to be what the run says;
// --write writes it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { guarantees } from '@leftfold/testbed/guarantees/list';
import { isServiceAsked } from '@leftfold/testbed/services';
import { listDeclaringTests, readReport } from '../../scripts/test-report.mjs';
import { root } from '../source-file.ts';
import { findProblems } from './findings.ts';
import { renderPage } from './page.ts';

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const page = join(root, 'docs', 'guarantees.md');
const folder = join(root, positionals[0] ?? 'node_modules/.cache/leftfold');
const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
const reports = files.map((file) => readReport(join(folder, file))).filter((report) => report !== undefined);
const tests = reports.flatMap((report) => listDeclaringTests(report, root));
const failed = reports.flatMap(({ testResults }) => testResults).filter(({ status }) => status !== 'passed');

const problems = reports.length === 0 ? ['no test results found: run `npm test` first'] : [];
if (reports.length > 0) problems.push(...findProblems(guarantees, tests, isServiceAsked));
if (problems.length === 0 && failed.length > 0) {
  // A test that did not get as far as its declaration would be missing on the page.
  problems.push(
    `docs/guarantees.md was not compared: tests failed in ${failed.map(({ name }) => name).join(', ')}`,
  );
}
if (problems.length === 0) {
  const current = readFileSync(page, 'utf8');
  const text = renderPage(guarantees, tests, current, isServiceAsked);
  if (values.write) writeFileSync(page, text);
  else if (current !== text) {
    problems.push(
      'docs/guarantees.md is not what the tests of this run declare: `npm run guarantees` writes it',
    );
  }
}
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${guarantees.length} guarantees, each held by a test that passed`);
process.exitCode = problems.length === 0 ? 0 : 1;
