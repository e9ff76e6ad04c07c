import { onAbort } from './on-abort.ts';

/** A longer timer of Node fires at once. A wait for more than these 24 days has no limit. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface WaitLimits<TLate> {
  /** Milliseconds. @default no limit */
  readonly limitMs?: number | undefined;
  /** Makes the result when the limit is over, or throws. */
  readonly late: () => TLate;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for work, such as an answer of the database. When the wait ends first, the work goes on, and its result, or what
 * it throws, is dropped.
 *
 * @throws what the work or `late` throws, and the signal's reason when it aborts
 */
export async function within<TResult, TLate>(
  work: Promise<TResult>,
  { limitMs = Number.POSITIVE_INFINITY, late, signal }: WaitLimits<TLate>,
): Promise<TResult | TLate> {
  work.catch(() => {});
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let remove: (() => void) | undefined;
  try {
    return await new Promise<TResult | TLate>((resolve, reject) => {
      if (signal !== undefined) remove = onAbort(signal, () => reject(signal.reason));
      if (limitMs < MAX_TIMER_MS) {
        timer = setTimeout(
          () => {
            // Its errors are those of the wait.
            new Promise<TLate>((settle) => settle(late())).then(resolve, reject);
          },
          Math.max(0, limitMs),
        );
      }
      work.then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    remove?.();
  }
}
