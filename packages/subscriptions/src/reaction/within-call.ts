import { onAbort } from '@leftfold/postgres';

/** Ends one call of a handler. */
export interface CallLimits {
  readonly timeoutMs: number;
  /** Aborts when the caller stops. */
  readonly stopped: AbortSignal;
}

/**
 * Runs work under a signal that aborts when it takes too long, or the caller stops.
 *
 * @throws what the work throws
 */
export async function withinCall<TResult>(
  { timeoutMs, stopped }: CallLimits,
  work: (signal: AbortSignal) => Promise<TResult>,
): Promise<TResult> {
  stopped.throwIfAborted();
  const call = new AbortController();
  const remove = onAbort(stopped, () => call.abort(stopped.reason));
  try {
    return await withinTime(timeoutMs, call, () => work(call.signal));
  } finally {
    remove();
  }
}

/** Runs work, and aborts the call that it is part of when it takes too long. @throws what the work throws */
export async function withinTime<TResult>(
  timeoutMs: number,
  call: AbortController,
  work: () => Promise<TResult>,
): Promise<TResult> {
  const timer = setTimeout(
    () => call.abort(new Error(`the handler took longer than timeoutMs (${timeoutMs})`)),
    timeoutMs,
  );
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
