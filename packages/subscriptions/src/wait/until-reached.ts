import { LeftfoldError, type SubscriptionIdentity, SubscriptionTimeoutError } from '@leftfold/core';
import { pause } from '@leftfold/postgres';

/** Pause after a wait that ended although the check finds the position too low: the subscription is being reset. */
const RETRY_MS = 10;

export interface UntilReachedOptions<TReached> {
  readonly identity: SubscriptionIdentity;
  readonly wanted: number;
  /** @returns the subscription's position when it is too low; undefined when it could not be read */
  readonly check: () => Promise<TReached | number | undefined>;
  /** Waits for the wanted position. @throws SubscriptionTimeoutError */
  readonly wait: (timeoutMs: number) => Promise<void>;
  /** Called after the timeout, when the wait does not say why. @param found what the last check returned */
  readonly why: (found: number | undefined) => Promise<unknown>;
  readonly timeoutMs: number;
  /** By `performance.now()`. @default after the timeout */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a check in one snapshot of the database finds what is wanted. It is made before each wait, and once more
 * after the timeout.
 *
 * @throws SubscriptionTimeoutError, and what the check and the wait throw
 */
export async function untilReached<TReached extends object>({
  identity,
  wanted,
  check,
  wait,
  why,
  timeoutMs,
  deadline = performance.now() + timeoutMs,
  signal,
}: UntilReachedOptions<TReached>): Promise<TReached> {
  let waited = false;
  let cause: unknown;
  for (;;) {
    const found = await check();
    if (typeof found === 'object') return found;
    const remaining = deadline - performance.now();
    if (remaining <= 0) {
      cause ??= await why(found);
      throw new SubscriptionTimeoutError(identity, wanted, found, timeoutMs, { cause });
    }
    if (waited) await pause(RETRY_MS, signal);
    try {
      await wait(remaining);
      waited = true;
    } catch (error) {
      if (!LeftfoldError.is(error) || error.code !== 'SUBSCRIPTION_TIMEOUT') throw error;
      waited = false;
      cause = error.cause;
    }
  }
}
