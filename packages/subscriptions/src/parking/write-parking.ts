import { channel } from 'node:diagnostics_channel';
import { EventParkedError, type SubscriptionParkedMessage } from '@leftfold/core';
import { inSlot } from '../loop/background-slot.ts';
import type { LoopOptions } from '../loop/loop-options.ts';
import type { TermProgress } from '../loop/term-progress.ts';
import { advanceCheckpoint } from '../sql/checkpoint.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { keyOf, type SubscriptionKey } from '../subscription/subscription-key.ts';
import type { FailedEvent } from './failure.ts';

const parkedChannel = channel('leftfold:subscription.parked');

/** Keys that are parked at an event. */
export interface Parked {
  /** Where the checkpoint goes. */
  readonly to: number;
  readonly failed: FailedEvent;
  readonly keys: readonly string[];
}

/**
 * Writes that keys are parked, with the checkpoint, and tells of it.
 *
 * @returns false when the lease is lost, or the checkpoint is elsewhere: nothing was written
 * @throws what the database reports
 */
export async function writeParking(
  { store, waiters, onIncident }: Pick<LoopOptions, 'store' | 'waiters' | 'onIncident'>,
  subscription: Subscription,
  progress: TermProgress,
  { to, failed, keys }: Parked,
): Promise<boolean> {
  const { term, parking, position: from } = progress;
  const step = { lease: term, from, to };
  const advance = () => advanceCheckpoint(store.dbUntil(term.signal), store.schema, step);
  if (!(await inSlot(store, progress, advance))) return false;
  parking.written(to);
  progress.position = to;
  progress.advancedAt = performance.now();
  progress.failures = 0;
  progress.lastFailure = undefined;
  waiters.advanced(term, to);
  tellParked({ store, onIncident }, subscription, term, failed, keys);
  return true;
}

/** An incident and a message on the channel for each key. */
export function tellParked(
  { store, onIncident }: Pick<LoopOptions, 'store' | 'onIncident'>,
  subscription: Subscription,
  slice: SubscriptionKey,
  { event: { position, type }, cause, attempts }: FailedEvent,
  keys: readonly string[],
): void {
  const subscriptionKey = keyOf(slice);
  for (const key of keys) {
    const at = { position, type, key, attempts };
    const error = new EventParkedError(identityOf(subscription, slice.slice), at, { cause });
    onIncident({ subscription: subscriptionKey, error, stopped: false });
    if (!parkedChannel.hasSubscribers) continue;
    const message: SubscriptionParkedMessage = {
      schema: store.schema,
      ...subscriptionKey,
      position,
      type,
      attempts,
    };
    parkedChannel.publish(message);
  }
}
