import { type ProcessInstanceRef, ProcessTimeoutError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause } from '@leftfold/postgres';
import { withStoreErrors } from '@leftfold/subscriptions';
import { type ProcessInstance, readInstance } from '../sql/instances.ts';

/** Longest pause between two looks. */
const MOST_PAUSE_MS = 200;

/** Waits until an instance has ended. @throws ProcessTimeoutError; the signal's reason; MissingRightsError, StoreUnavailableError */
export async function untilEnded(
  store: PostgresEventStore,
  ref: ProcessInstanceRef,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<ProcessInstance> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const found = await withStoreErrors(store, () => readInstance(store, ref.process, ref.id));
    if (found !== undefined && found.status !== 'running' && found.status !== 'paused') return found;
    const leftMs = deadline - performance.now();
    const state = found === undefined ? 'it has not begun' : `it is ${found.status}`;
    if (leftMs <= 0) throw new ProcessTimeoutError(ref, state, timeoutMs);
    await pause(Math.min(pauseMs, leftMs), signal);
  }
}
