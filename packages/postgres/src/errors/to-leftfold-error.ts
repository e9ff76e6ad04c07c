import { LeftfoldError } from '@leftfold/core';
import { failureOf } from './failure-of.ts';

/**
 * The typed error for what pg threw. What the failure table does not name comes back untouched.
 *
 * @param schema the schema that the statement was about
 */
export function toLeftfoldError(thrown: unknown, schema: string): unknown {
  if (LeftfoldError.is(thrown)) return thrown;
  return failureOf(thrown, schema).toError?.(thrown, schema) ?? thrown;
}
