import { LeftfoldError } from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { toLeftfoldError } from '@leftfold/postgres';
import { hasReached, type ReachedRow, reachedStatement } from '../sql/reached.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { stoppedError, type SubscriptionWaiters, type WaitOptions } from './subscription-waiters.ts';
import { untilReached } from './until-reached.ts';

/**
 * Waits until a subscription has processed the event at a place.
 *
 * @throws LogRewoundError when the log does not have this event; the errors of {@link SubscriptionWaiters.until}
 */
export async function waitForPlace(
  { store, waiters }: { readonly store: PostgresEventStore; readonly waiters: SubscriptionWaiters },
  subscription: Subscription,
  place: EventPlace,
  { timeoutMs, signal }: WaitOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const { position } = place;
  await untilReached({
    identity: identityOf(subscription),
    wanted: position,
    check: () => reachedRow(store, subscription, place),
    wait: (remainingMs) =>
      waiters.until(subscription, { position, inline: false }, { timeoutMs: remainingMs, signal }),
    timeoutMs,
    signal,
  });
}

/** @returns the row when it has reached the place, else its position; 0 while the database cannot be reached */
async function reachedRow(
  { run, schema, closed }: PostgresEventStore,
  subscription: Subscription,
  place: EventPlace,
): Promise<ReachedRow | number> {
  let row: ReachedRow | undefined;
  try {
    [row] = await run<ReachedRow>(reachedStatement(schema, subscription.key, place));
  } catch (thrown) {
    if (closed) throw stoppedError(subscription);
    const error = toLeftfoldError(thrown, schema);
    if (LeftfoldError.is(error) && error.retryable) return 0;
    throw error;
  }
  if (row === undefined) return 0;
  return hasReached(place, row) ? row : row.position;
}
