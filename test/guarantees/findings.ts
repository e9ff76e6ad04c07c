import type { Guarantee } from '@leftfold/testbed/guarantees/list';

/** A test of a run that declared guarantees. */
export interface DeclaringTest {
  /** From the root, with forward slashes. */
  readonly file: string;
  /** With the names of its suites. */
  readonly name: string;
  readonly passed: boolean;
  readonly guarantees: readonly string[];
}

/**
 * Reports, one line each, which guarantees no test of the run holds, and which declared ids are in no list. A test
 * that failed or was skipped holds nothing.
 */
export function findProblems(
  guarantees: readonly Guarantee[],
  tests: readonly DeclaringTest[],
): readonly string[] {
  const known = new Set(guarantees.map(({ id }) => id));
  const held = new Set(tests.flatMap((test) => (test.passed ? test.guarantees : [])));
  const unknown = tests.flatMap(({ file, guarantees: ids }) =>
    ids
      .filter((id) => !known.has(id))
      .map((id) => `${file} declares the guarantee '${id}', which is not in the list`),
  );
  const open = guarantees
    .filter(({ id }) => !held.has(id))
    .map(({ id, claim }) => `no test that ran and passed declares guarantee('${id}'): ${claim}`);
  return [...new Set([...unknown, ...open])];
}

/**
 * The files with tests that declared a guarantee, passed or not: the one with most of them first, then by name. A test
 * that ran on several servers counts once.
 */
export function filesOf(id: string, tests: readonly DeclaringTest[]): readonly string[] {
  const names = new Map<string, Set<string>>();
  for (const { file, name, guarantees } of tests) {
    if (guarantees.includes(id)) names.set(file, (names.get(file) ?? new Set()).add(name));
  }
  const [first, ...others] = [...names]
    .toSorted(([a, inA], [b, inB]) => inB.size - inA.size || (a < b ? -1 : 1))
    .map(([file]) => file);
  return first === undefined ? [] : [first, ...others.toSorted()];
}
