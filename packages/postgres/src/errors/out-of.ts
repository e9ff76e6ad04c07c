import { StoreUnavailableError } from '@leftfold/core';
import { codeOf } from './error-text.ts';
import type { Failure } from './failure.ts';

/** The server has used up what the statement needed. @param what in words, such as "disk space" */
export const outOf = (what: string): Failure => ({
  fault: 'database',
  retry: 'reconnect',
  passing: true,
  toError: (cause) =>
    new StoreUnavailableError(
      `the database is out of ${what} (SQLSTATE ${codeOf(cause)}); free some, then try again`,
      { cause },
    ),
});
