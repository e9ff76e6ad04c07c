import { TestRunner } from 'vitest';
import type { GuaranteeId } from './guarantees.ts';

/**
 * Declares which guarantees the running test holds. Make it the first line of the body of the test; a second
 * call adds to the first one.
 *
 * The ids become `meta.guarantees` of the test, which vitest's JSON report carries; `docs/guarantees.md` is generated
 * from these reports.
 *
 * @example
 * test('refuses update and delete', async () => {
 *   guarantee('append-only');
 *   …
 * });
 */
export function guarantee(...ids: readonly [GuaranteeId, ...GuaranteeId[]]): void {
  const test = TestRunner.getCurrentTest();
  if (test === undefined) {
    throw new Error(`guarantee('${ids.join("', '")}') is outside of a test: call it in the body of one`);
  }
  const declared = (test.meta as { readonly guarantees?: readonly string[] }).guarantees ?? [];
  Object.assign(test.meta, { guarantees: [...declared, ...ids] });
}
