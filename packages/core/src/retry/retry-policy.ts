import { assertDuration, assertOptions, assertWhole, type OptionNames } from '../input/assert-argument.ts';

/** How delays grow: each may be twice as long as the one before it, up to a limit. */
export interface Backoff {
  /** Longest delay after the first failure, in milliseconds. */
  readonly firstDelayMs: number;
  /** No delay is longer, in milliseconds. */
  readonly maxDelayMs: number;
}

/** How often a call is made, and how long to wait between two of them. */
export interface RetryPolicy extends Backoff {
  /** Calls in all, the first included; from 1, `Infinity` for no limit. */
  readonly attempts: number;
}

/** A {@link RetryPolicy} whose fields may be left out. The option that takes it states the defaults. */
export interface RetryOptions {
  /** Calls in all, the first included; from 1. */
  readonly attempts?: number | undefined;
  /** Longest delay after the first failure, in milliseconds; it doubles with each further failure. */
  readonly firstDelayMs?: number | undefined;
  /** No delay is longer, in milliseconds. */
  readonly maxDelayMs?: number | undefined;
}

const retryNames: OptionNames<RetryOptions> = { attempts: true, firstDelayMs: true, maxDelayMs: true };

/**
 * Fills in what is left out. `false` is one call and no retry.
 *
 * @throws InvalidArgumentError when `attempts` is no whole number from 1, or a delay is negative
 */
export function toRetryPolicy(options: RetryOptions | false | undefined, defaults: RetryPolicy): RetryPolicy {
  if (options === false) return { ...defaults, attempts: 1 };
  assertOptions('retry', options, retryNames);
  const attempts = options?.attempts ?? defaults.attempts;
  const firstDelayMs = options?.firstDelayMs ?? defaults.firstDelayMs;
  const maxDelayMs = options?.maxDelayMs ?? defaults.maxDelayMs;
  if (attempts !== Number.POSITIVE_INFINITY) assertWhole('retry.attempts', attempts, { least: 1 });
  assertDuration('retry.firstDelayMs', firstDelayMs);
  assertDuration('retry.maxDelayMs', maxDelayMs);
  return { attempts, firstDelayMs, maxDelayMs };
}

/** More doublings than any limit allows, few enough for the product to stay finite. */
const MAX_DOUBLINGS = 30;

/**
 * How long to wait after a failure, in milliseconds: `firstDelayMs`, doubled with each further failure, at most
 * `maxDelayMs`.
 *
 * Jitter is the caller's: with `Math.random()` the delay is anything from 0 up to that (full jitter), so that writers
 * that met once do not meet again. Left out, there is none.
 *
 * @param failures how many there were in a row, from 1
 * @param random share of the longest delay, from 0 to 1. @default 1
 */
export function retryDelayMs({ firstDelayMs, maxDelayMs }: Backoff, failures: number, random = 1): number {
  return random * Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS));
}
