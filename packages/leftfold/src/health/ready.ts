import { ClosedError, NotReadyError } from '@leftfold/core';
import { assertDuration, assertOptions, type OptionNames } from '@leftfold/core/input';
import { pause, toLeftfoldError } from '@leftfold/postgres';
import { type AppParts, lookAt } from './app-parts.ts';
import type { ReadyOptions } from './health.ts';

const readyNames: OptionNames<ReadyOptions> = { timeoutMs: true, signal: true };

const DEFAULT_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** Of one look. */
const ANSWER_MS = 5_000;

/** Waits until all parts of an app are ready. See `App.ready`. */
export async function whenReady(parts: AppParts, options: ReadyOptions = {}): Promise<void> {
  assertOptions('options', options, readyNames);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  assertDuration('timeoutMs', timeoutMs);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (parts.isClosed()) throw new ClosedError('the app');
    const { missing, cause } = await whatIsMissing(parts, signal);
    if (missing.length === 0) return;
    const remainingMs = deadline - performance.now();
    if (remainingMs <= 0)
      throw new NotReadyError(missing, timeoutMs, cause === undefined ? undefined : { cause });
    await pause(Math.min(POLL_MS, remainingMs), signal);
  }
}

/** @returns a line for each part that is not ready. @throws the signal's reason */
async function whatIsMissing(
  parts: AppParts,
  signal: AbortSignal | undefined,
): Promise<{ readonly missing: readonly string[]; readonly cause: unknown }> {
  try {
    const found = await lookAt(parts, { timeoutMs: ANSWER_MS, signal });
    const missing = found.flatMap(({ label, notReady }) =>
      notReady === undefined ? [] : [`${label}: ${notReady}`],
    );
    return { missing, cause: undefined };
  } catch (thrown) {
    signal?.throwIfAborted();
    const cause = toLeftfoldError(thrown, parts.store.schema);
    return { missing: [`database: ${cause instanceof Error ? cause.message : String(cause)}`], cause };
  }
}
