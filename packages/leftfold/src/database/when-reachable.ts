import { type Backoff, LeftfoldError, retryDelayMs, StoreUnavailableError } from '@leftfold/core';
import { pause } from '@leftfold/postgres';

const betweenAttempts: Backoff = { firstDelayMs: 100, maxDelayMs: 1_000 };

export interface WaitForDatabase {
  /** Milliseconds, from the first failure on; 0 for one attempt. */
  readonly waitMs: number;
  /** Which database, for the error. */
  readonly place: string;
  /** Prints one line, when the first attempt failed. */
  readonly print: (line: string) => void;
}

/**
 * Repeats a call while the database cannot be reached. Every other error ends the wait.
 *
 * @throws StoreUnavailableError that names the place, when the wait is over; other errors of the call unchanged
 */
export async function whenReachable<TResult>(
  call: () => Promise<TResult>,
  { waitMs, place, print }: WaitForDatabase,
): Promise<TResult> {
  let deadline: number | undefined;
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (!LeftfoldError.is(error) || error.code !== 'STORE_UNAVAILABLE') throw error;
      const now = performance.now();
      deadline ??= now + waitMs;
      if (now >= deadline) throw unreachable(place, waitMs, error);
      if (failures === 1) print(`leftfold: waiting up to ${waitMs} ms for ${place}: ${error.message}`);
      await pause(Math.min(deadline - now, retryDelayMs(betweenAttempts, failures)));
    }
  }
}

function unreachable(place: string, waitMs: number, cause: LeftfoldError): StoreUnavailableError {
  const waited =
    waitMs === 0 ? 'to wait for it, set database.waitMs' : `waited ${waitMs} ms (database.waitMs)`;
  return new StoreUnavailableError(`${place}: ${cause.message}; ${waited}`, { cause });
}
