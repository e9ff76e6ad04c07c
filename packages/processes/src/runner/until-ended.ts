import { type ProcessInstanceRef, ProcessTimeoutError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause } from '@leftfold/postgres';
import { type ParkedEvents, type SubscriptionStatus, withStoreErrors } from '@leftfold/subscriptions';
import { type ProcessInstance, readInstance } from '../sql/instances.ts';
import type { ProcessRef } from './process-runner-options.ts';

/** Longest pause between two looks. */
const MOST_PAUSE_MS = 200;

interface Waiting {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Of all processes: asked when the time is over. */
  readonly statuses: () => Promise<readonly SubscriptionStatus[]>;
  readonly parked: ParkedEvents<ProcessRef>;
}

/** Waits until an instance has ended. @throws ProcessTimeoutError; the signal's reason; MissingRightsError, StoreUnavailableError */
export async function untilEnded(
  store: PostgresEventStore,
  ref: ProcessInstanceRef,
  waiting: Waiting,
): Promise<ProcessInstance> {
  const { timeoutMs, signal } = waiting;
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const found = await withStoreErrors(store, () => readInstance(store, ref.process, ref.id));
    if (found !== undefined && found.status !== 'running' && found.status !== 'paused') return found;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw await notEnded(ref, found, waiting);
    await pause(Math.min(pauseMs, leftMs), signal);
  }
}

async function notEnded(
  ref: ProcessInstanceRef,
  found: ProcessInstance | undefined,
  waiting: Waiting,
): Promise<ProcessTimeoutError> {
  const state = found === undefined ? 'it has not begun' : `it is ${found.status}`;
  // That time is over is said in any case, also when the reason cannot be read.
  const reason = await whyNotEnded(ref, waiting).catch(() => undefined);
  if (reason === undefined) return new ProcessTimeoutError(ref, state, waiting.timeoutMs);
  const { cause, advice } = reason;
  return new ProcessTimeoutError(ref, `${state}, and ${cause}`, waiting.timeoutMs, { advice });
}

/** Why waiting longer does not help; undefined when it may. */
async function whyNotEnded(
  { process: name, id }: ProcessInstanceRef,
  { statuses, parked }: Waiting,
): Promise<{ readonly cause: string; readonly advice: string } | undefined> {
  const status = (await statuses()).find((one) => one.name === name);
  const stopped = status?.slices.find(({ state }) => state === 'stopped');
  if (stopped !== undefined) {
    const { position = stopped.position, message = 'its cause was not kept' } = stopped.failure ?? {};
    return {
      cause: `process "${name}" is stopped at position ${position}: ${message}`,
      advice: 'see status(), fix the cause, then call resume()',
    };
  }
  if (!(await parked.isParked({ name }, id))) return undefined;
  return {
    cause: 'its events are parked since one of them failed',
    advice: 'see parked.list(), fix the cause, then call parked.resume() or parked.giveUp()',
  };
}
