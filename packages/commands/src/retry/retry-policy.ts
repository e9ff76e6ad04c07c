/** How often a command is tried, and how long it waits in between. */
export interface RetryPolicy {
  /**
   * Tries in all, the first included. Another one follows when a writer elsewhere came first; after the database
   * could not be reached at most two more follow.
   *
   * @default 12
   */
  readonly attempts?: number | undefined;
  /** Longest wait before the second try; each further one may wait twice as long. @default 10 */
  readonly baseDelayMs?: number | undefined;
  /** No wait is longer. @default 500 */
  readonly maxDelayMs?: number | undefined;
}

export type CompleteRetryPolicy = { readonly [TField in keyof RetryPolicy]-?: number };

const defaults: CompleteRetryPolicy = { attempts: 12, baseDelayMs: 10, maxDelayMs: 500 };

/**
 * Fills in what is left out. `false` is one try.
 *
 * @throws RangeError when a number makes no sense
 */
export function completeRetryPolicy(
  option: RetryPolicy | false | undefined,
  fallback: CompleteRetryPolicy = defaults,
): CompleteRetryPolicy {
  if (option === false) return { ...fallback, attempts: 1 };
  const policy = {
    attempts: option?.attempts ?? fallback.attempts,
    baseDelayMs: option?.baseDelayMs ?? fallback.baseDelayMs,
    maxDelayMs: option?.maxDelayMs ?? fallback.maxDelayMs,
  };
  if (!Number.isInteger(policy.attempts) || policy.attempts < 1) {
    throw new RangeError(`retry.attempts must be a whole number from 1, not ${policy.attempts}`);
  }
  if (!(policy.baseDelayMs >= 0) || !(policy.maxDelayMs >= 0)) {
    throw new RangeError('retry.baseDelayMs and retry.maxDelayMs must not be negative');
  }
  return policy;
}

/**
 * How long to wait after a failed try: anything from 0 up to a limit that doubles with each try, so that writers who
 * met once do not meet again.
 *
 * @param failed tries so far, from 1
 * @param random from 0 up to 1
 */
export function retryDelayMs(policy: CompleteRetryPolicy, failed: number, random: number): number {
  return random * Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failed - 1));
}
