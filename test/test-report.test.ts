import { expect, test } from 'vitest';
import { countTests } from '../scripts/test-report.mjs';

const report = (...testResults: { status: string; tests: string[] }[]) => {
  const tests = testResults.flatMap((file) => file.tests);
  const count = (status: string) => tests.filter((each) => each === status).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults: testResults.map((file) => ({
      name: '/a.test.ts',
      status: file.status,
      assertionResults: file.tests.map((status) => ({ ancestorTitles: [], title: 'a', status })),
    })),
  };
};

test('tests are counted by their status', () => {
  const mixed = report({ status: 'failed', tests: ['passed', 'passed', 'failed', 'pending', 'todo'] });
  expect(countTests(mixed, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test('a file that cannot be loaded counts as a failure', () => {
  const broken = report({ status: 'passed', tests: ['passed'] }, { status: 'failed', tests: [] });
  expect(countTests(broken, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('a run with an exit code counts as a failure, also without a failed test or report', () => {
  expect(countTests(report({ status: 'passed', tests: ['passed'] }), 1).failed).toBe(1);
  expect(countTests(undefined, 0).failed).toBe(1);
});
