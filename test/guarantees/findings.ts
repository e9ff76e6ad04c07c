import type { Guarantee } from '@leftfold/testbed/guarantees/list';
import type { ServiceVariable } from '@leftfold/testbed/services';

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
 *
 * @param isAsked whether the run has a service: guarantees whose tests need another one are left out
 */
export function findProblems(
  guarantees: readonly Guarantee[],
  tests: readonly DeclaringTest[],
  isAsked: (service: ServiceVariable) => boolean = () => true,
): readonly string[] {
  const known = new Set(guarantees.map(({ id }) => id));
  const passed = tests.filter((test) => test.passed);
  const unknown = tests.flatMap(({ file, guarantees: ids }) =>
    ids
      .filter((id) => !known.has(id))
      .map((id) => `${file} declares the guarantee '${id}', which is not in the list`),
  );
  const open = guarantees
    .filter(({ service }) => service === undefined || isAsked(service))
    .filter((guarantee) => filesOf(guarantee, passed).length === 0)
    .map(({ id, claim }) => `no test that ran and passed declares guarantee('${id}'): ${claim}`);
  return [...new Set([...unknown, ...open])];
}

/**
 * The files with tests that declared a guarantee, passed or not: the one with most of them first, then by name. A test
 * that ran on several servers counts once.
 */
export function filesOf({ id, service }: Guarantee, tests: readonly DeclaringTest[]): readonly string[] {
  const names = new Map<string, Set<string>>();
  for (const { file, name, guarantees } of tests) {
    // What does not need a service is held without one.
    if (service === undefined && file.endsWith('.broker.test.ts')) continue;
    if (guarantees.includes(id)) names.set(file, (names.get(file) ?? new Set()).add(name));
  }
  const [first, ...others] = [...names]
    .toSorted(([a, inA], [b, inB]) => inB.size - inA.size || (a < b ? -1 : 1))
    .map(([file]) => file);
  return first === undefined ? [] : [first, ...others.toSorted()];
}
