import { LeftfoldError } from '@leftfold/core';
import { isConnectionFailure } from '@leftfold/postgres';

/** SQLSTATE of "database … is not currently accepting connections". */
const NOT_ACCEPTING = '55000';

/** What ends by itself: the database is down, cut off, or just being replaced by a copy of itself. */
export function isOutage(error: unknown): boolean {
  if (isConnectionFailure(error)) return true;
  if (LeftfoldError.is(error)) return error.retryable || error.code === 'LOGIN_REFUSED';
  return error instanceof Error && 'code' in error && error.code === NOT_ACCEPTING;
}
