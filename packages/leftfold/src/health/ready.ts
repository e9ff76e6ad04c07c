import { ClosedError, NotReadyError, type Progress } from '@leftfold/core';
import {
  assertDuration,
  assertFunction,
  assertOptions,
  type OptionNames,
  ProgressMeter,
} from '@leftfold/core/input';
import { pause, tell, toLeftfoldError } from '@leftfold/postgres';
import { type AppParts, lookAt, type PartState } from './app-parts.ts';
import { consumerStates } from './consumer-states.ts';
import type { ReadyOptions } from './health.ts';

const readyNames: OptionNames<ReadyOptions> = { timeoutMs: true, signal: true, onProgress: true };

const DEFAULT_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
/** Of one look. */
const ANSWER_MS = 5_000;

/** Waits until all parts of an app are ready. See `App.ready`. */
export async function whenReady(parts: AppParts, options: ReadyOptions = {}): Promise<void> {
  assertOptions('options', options, readyNames);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal, onProgress } = options;
  assertDuration('timeoutMs', timeoutMs);
  assertFunction('onProgress', onProgress);
  const meter = new ProgressMeter(() => performance.now());
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (parts.isClosed()) throw new ClosedError('the app');
    const { found, missing, cause } = await whatIsMissing(parts, signal);
    if (found !== undefined) tell(onProgress, { ...progressOf(found, meter), missing });
    if (missing.length === 0) return;
    const remainingMs = deadline - performance.now();
    if (remainingMs <= 0)
      throw new NotReadyError(missing, timeoutMs, cause === undefined ? undefined : { cause });
    await pause(Math.min(POLL_MS, remainingMs), signal);
  }
}

/**
 * Tells how far parts of an app are while something else waits for them.
 *
 * @throws what `waiting` or the callback throws
 */
export async function tellingProgress(
  waiting: Promise<unknown>,
  parts: AppParts,
  onProgress: ReadyOptions['onProgress'],
): Promise<void> {
  const waited = new AbortController();
  const { signal } = waited;
  const told =
    onProgress === undefined
      ? undefined
      : whenReady(parts, { timeoutMs: Number.POSITIVE_INFINITY, signal, onProgress }).catch(
          (error: unknown) => {
            if (!signal.aborted) throw error;
          },
        );
  await Promise.all([waiting.finally(() => waited.abort()), told]);
}

/** Of the part that is furthest behind, of those that are not ready. */
function progressOf(found: readonly PartState[], meter: ProgressMeter): Progress {
  const total = Math.max(0, ...found.map(({ position, lag }) => position + lag));
  const behind = found.flatMap(({ notReady, position }) => (notReady === undefined ? [] : [position]));
  return meter.at(Math.min(total, ...behind), total);
}

/** @returns the parts, unless the database gave no answer, and a line for each that is not ready. @throws the signal's reason */
async function whatIsMissing(
  parts: AppParts,
  signal: AbortSignal | undefined,
): Promise<{
  readonly found?: readonly PartState[];
  readonly missing: readonly string[];
  readonly cause: unknown;
}> {
  try {
    const limits = { timeoutMs: ANSWER_MS, signal };
    const [found, consumers] = await Promise.all([
      lookAt(parts, limits),
      consumerStates(parts.consumerRunner, limits),
    ]);
    const missing = [...found, ...consumers].flatMap(({ label, notReady }) =>
      notReady === undefined ? [] : [`${label}: ${notReady}`],
    );
    return { found, missing, cause: undefined };
  } catch (thrown) {
    signal?.throwIfAborted();
    const cause = toLeftfoldError(thrown, parts.store.schema);
    return { missing: [`database: ${cause instanceof Error ? cause.message : String(cause)}`], cause };
  }
}
