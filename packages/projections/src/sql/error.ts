import { LeftfoldError } from '@leftfold/core';

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const READ_ONLY_TRANSACTION = '25006';
const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_FUNCTION = '42883';
const UNDEFINED_SCHEMA = '3F000';

/** Connection failures, rollbacks in favour of others, a lack of resources, an operator at work, broken hardware. */
const operational = /^(?:08|40|53|57P|58)[0-9A-Z]+$/;

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** True when the database's state is the cause, never the event or the handler: the same will succeed one day. */
export function isOperational(error: unknown): boolean {
  // What took too long may not with fewer events.
  if (LeftfoldError.is(error))
    return error.code === 'STORE_UNAVAILABLE' && codeOf(error.cause) !== QUERY_CANCELED;
  const code = codeOf(error);
  return code !== undefined && (operational.test(code) || code === READ_ONLY_TRANSACTION);
}

/** True when a lock was not to be had in the time given. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === LOCK_NOT_AVAILABLE;
}

/** True when the package's own tables are missing. */
export function isNotMigrated(error: unknown): boolean {
  return [UNDEFINED_TABLE, UNDEFINED_FUNCTION, UNDEFINED_SCHEMA].includes(codeOf(error) ?? '');
}
