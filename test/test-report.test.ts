import { expect, test } from 'vitest';
import { countTests, listDeclaringTests } from '../scripts/test-report.mjs';

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
      assertionResults: file.tests.map((status) => ({ fullName: 'a test', status })),
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

test('a nonzero exit code or a missing report counts as a failure', () => {
  expect(countTests(report({ status: 'passed', tests: ['passed'] }), 1).failed).toBe(1);
  expect(countTests(undefined, 0).failed).toBe(1);
});

test('tests that declared guarantees are listed with their file, whether they passed or not', () => {
  const declaring = (status: string, guarantees?: string[]) => ({
    fullName: 'append wins',
    status,
    meta: guarantees && { guarantees },
  });
  const testResults = [
    {
      name: '/root/packages/a/test/append.pg.test.ts',
      status: 'failed',
      assertionResults: [
        declaring('passed', ['one', 'two']),
        declaring('failed', ['three']),
        declaring('passed'),
        { fullName: 'append wins', status: 'passed' },
      ],
    },
  ];
  const file = 'packages/a/test/append.pg.test.ts';
  expect(listDeclaringTests({ ...report(), testResults }, '/root')).toEqual([
    { file, name: 'append wins', passed: true, guarantees: ['one', 'two'] },
    { file, name: 'append wins', passed: false, guarantees: ['three'] },
  ]);
});
