// Reads the output of vitest's JSON reporter.
import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';

/**
 * @typedef {{ fullName: string; status: string; meta?: { guarantees?: string[] } | undefined }} TestResult
 * @typedef {{ name: string; status: string; assertionResults: TestResult[] }} FileResult
 * @typedef {{ numPassedTests: number; numFailedTests: number; numPendingTests: number; numTodoTests: number; testResults: FileResult[] }} Report
 */

/**
 * The report in a file; undefined when the run ended before it could write one.
 *
 * @param {string} file
 * @returns {Report | undefined}
 */
export function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Counts the tests of a run. A file that cannot be loaded has no failed test, and a crashed run may have no report:
 * each counts as one failure, so that a failed run never has a sum without failures.
 *
 * @param {Report | undefined} report
 * @param {number} exitCode
 */
export function countTests(report, exitCode) {
  if (!report) return { passed: 0, failed: 1, skipped: 0 };
  const unloadable = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + unloadable.length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * The tests of a report that declared guarantees, each with its file relative to the root.
 *
 * @param {Report} report
 * @param {string} root
 */
export function listDeclaringTests(report, root) {
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.meta?.guarantees !== undefined)
      .map((test) => ({
        file: relative(root, file.name).split(sep).join('/'),
        name: test.fullName,
        passed: test.status === 'passed',
        guarantees: test.meta?.guarantees ?? [],
      })),
  );
}
