import { LeftfoldError } from '@leftfold/core';
import { isConnectionFailure } from '@leftfold/postgres';

/**
 * What a connection of the driver gets while a database is replaced: "… is not currently accepting connections", then
 * "… does not exist". A store says LOGIN_REFUSED for the second.
 */
const WHILE_REPLACED: readonly unknown[] = ['55000', '3D000'];

/** What ends by itself: the database is down, cut off, or just being replaced by a copy of itself. */
export function isOutage(error: unknown): boolean {
  if (isConnectionFailure(error)) return true;
  if (LeftfoldError.is(error)) return error.retryable || error.code === 'LOGIN_REFUSED';
  return error instanceof Error && 'code' in error && WHILE_REPLACED.includes(error.code);
}
