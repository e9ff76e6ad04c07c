import { setTimeout as delay } from 'node:timers/promises';

/** How a failing event is tried again before its projection stops. */
export interface RetryOptions {
  /** How often it is applied in all. @default 5 */
  readonly attempts?: number | undefined;
  /** Pause after the first failure; it doubles each time. @default 100 */
  readonly firstDelayMs?: number | undefined;
  /** @default 10000 */
  readonly maxDelayMs?: number | undefined;
}

/** With every default filled in. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export function toRetryPolicy({
  attempts = 5,
  firstDelayMs = 100,
  maxDelayMs = 10_000,
}: RetryOptions = {}): RetryPolicy {
  return { attempts, firstDelayMs, maxDelayMs };
}

/** @param failures how many there were in a row, from 1 */
export function delayAfter({ firstDelayMs, maxDelayMs }: RetryPolicy, failures: number): number {
  return Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, 30));
}

/** Ends early, and without an error, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await delay(ms, undefined, { signal }).catch(() => {});
}
