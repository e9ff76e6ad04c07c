import { type AnyProjection, type Backoff, retryDelayMs } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause } from '@leftfold/postgres';
import { type LeaseTerm, readCheckpoints } from '@leftfold/subscriptions';
import { readCopies, recordRefusal } from '../sql/copies.ts';
import { copyRef } from './copy-ref.ts';
import { switchCopy } from './switch-copy.ts';

const POLL_MS = 200;
/** Each attempt holds up the projection, so the delays grow. */
const attempts: Backoff = { firstDelayMs: 250, maxDelayMs: 30_000 };
/** Positions to the end of the log, from which on a switch is tried: it has seconds for them. */
const NEAR = 5_000;
/** The same when appends wait for it. */
const NEAR_INLINE = 500;

/**
 * Lets the copy that this process builds serve, once it has caught up and nothing else decides it.
 *
 * @param term of its first slice: one process tries at a time
 * @returns true when it was switched; false when the signal aborted
 */
export async function switchWhenCaughtUp(
  store: PostgresEventStore,
  projection: AnyProjection,
  term: LeaseTerm,
  signal: AbortSignal,
): Promise<boolean> {
  if (term.slice !== 0) return false;
  let refused = 0;
  while (!signal.aborted) {
    const [copy] = await readCopies(store, [projection]);
    if (copy?.state !== 'building' || !copy.switches || !(await isNearEnd(store, projection))) {
      await pause(POLL_MS, signal);
      continue;
    }
    const refusal = await switchCopy(store, projection, {
      rebuildId: copy.rebuild_id,
      refused,
      signal,
    });
    if (refusal === undefined) return true;
    refused += 1;
    await recordRefusal(store, projection, copy.rebuild_id, refusal);
    await pause(retryDelayMs(attempts, refused), signal);
  }
  return false;
}

async function isNearEnd(store: PostgresEventStore, projection: AnyProjection): Promise<boolean> {
  const slices = await readCheckpoints(store, [copyRef(projection)]);
  const reached = Math.min(...slices.map(({ position }) => position));
  const near = projection.mode === 'inline' ? NEAR_INLINE : NEAR;
  return slices.every(({ caughtUp }) => caughtUp) && reached >= (await store.highWaterMark()) - near;
}
