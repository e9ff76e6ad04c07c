// Checks docs/guarantees.md: every row `| claim | where stated | test |` names a test, as
// `path/to/file.test.ts > test name`, that exists and ran in this very run. Argument: the folder of vitest results.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProblems, parseGuarantees } from './guarantees.mjs';
import { listTests, readReport } from './test-report.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, 'docs', 'guarantees.md');
const folder = join(root, process.argv[2] ?? 'node_modules/.cache/leftfold');

if (!existsSync(page)) fail(['docs/guarantees.md does not exist']);
const reports = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
if (reports.length === 0) fail(['no test results found: run `npm test` first']);

const ran = reports.flatMap((file) => {
  const report = readReport(join(folder, file));
  return report ? listTests(report, root) : [];
});

const guarantees = parseGuarantees(readFileSync(page, 'utf8'));
const problems = findProblems(guarantees, ran);
if (guarantees.length === 0) problems.push('docs/guarantees.md has no row `| claim | where stated | test |`');
if (problems.length > 0) fail(problems);
console.log(`${guarantees.length} guarantees, each held by a test that ran`);

function fail(problems) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
