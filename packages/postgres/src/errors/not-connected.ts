import { LeftfoldError } from '@leftfold/core';
import { NOT_CONNECTED } from './connection-table.ts';
import { failureOf } from './failure-of.ts';
import { toLeftfoldError } from './to-leftfold-error.ts';

/**
 * What a transaction fails with that got no connection: an error that `failureOf` tells apart from a connection that the
 * work itself could not make.
 */
export function notConnected(thrown: unknown): unknown {
  if (LeftfoldError.is(thrown) || failureOf(thrown).passing) return thrown;
  const typed = toLeftfoldError(thrown, '');
  if (!LeftfoldError.is(typed)) return thrown;
  return Object.assign(new Error(typed.message, { cause: thrown }), { code: NOT_CONNECTED });
}
