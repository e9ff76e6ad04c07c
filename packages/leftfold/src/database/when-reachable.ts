import { type Backoff, LeftfoldError, retryDelayMs } from '@leftfold/core';
import { pause } from '@leftfold/postgres';

const betweenAttempts: Backoff = { firstDelayMs: 100, maxDelayMs: 1_000 };

export interface WaitForDatabase {
  /** Milliseconds; 0 for one attempt. */
  readonly waitMs: number;
  /** Prints one line, when the first attempt failed. */
  readonly print: (line: string) => void;
}

/**
 * Repeats a call while the database cannot be reached. Every other error ends the wait.
 *
 * @throws what the last call threw
 */
export async function whenReachable<TResult>(
  call: () => Promise<TResult>,
  { waitMs, print }: WaitForDatabase,
): Promise<TResult> {
  const deadline = performance.now() + waitMs;
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      const left = deadline - performance.now();
      if (left <= 0 || !LeftfoldError.is(error) || error.code !== 'STORE_UNAVAILABLE') throw error;
      if (failures === 1) print(`leftfold: waiting up to ${waitMs} ms: ${error.message}`);
      await pause(Math.min(left, retryDelayMs(betweenAttempts, failures)));
    }
  }
}
