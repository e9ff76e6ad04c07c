import { AssertionError, deepStrictEqual } from 'node:assert';

/** A function that asserts. The failure is reported at the line that called it. */
type Caller = (...input: never) => unknown;

/**
 * @throws AssertionError with both values and their difference, in any test runner.
 */
export function assertSame(actual: unknown, expected: unknown, message: string, caller: Caller): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    fail(`${message}\n${error.message}`, caller, { actual, expected });
  }
}

/** @throws AssertionError always */
export function fail(
  message: string,
  caller: Caller,
  values: { readonly actual?: unknown; readonly expected?: unknown } = {},
): never {
  throw new AssertionError({ ...values, message, operator: 'fail', stackStartFn: caller });
}
