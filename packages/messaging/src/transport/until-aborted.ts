import { onAbort } from '@leftfold/postgres';

/**
 * The result of work, or a failure as soon as one of the signals aborts: what becomes of the work then is not waited for.
 *
 * For transports, whose calls must end when their signal says so.
 *
 * @throws what the work throws; the reason of the signal that aborts first
 *
 * @example
 * ```ts
 * publish: (messages, signal) => untilAborted(send(messages), signal),
 * ```
 */
export async function untilAborted<TResult>(
  work: Promise<TResult>,
  ...signals: readonly AbortSignal[]
): Promise<TResult> {
  const removals: (() => void)[] = [];
  const aborted = new Promise<never>((_, reject) => {
    for (const signal of signals) {
      if (signal.aborted) reject(signal.reason);
      else removals.push(onAbort(signal, () => reject(signal.reason)));
    }
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    for (const remove of removals) remove();
  }
}
