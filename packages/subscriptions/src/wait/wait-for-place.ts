import { LeftfoldError } from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { toLeftfoldError, within } from '@leftfold/postgres';
import { hasReached, type ReachedRow } from '../sql/reached.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { stoppedError, type SubscriptionWaiters, type WaitOptions } from './subscription-waiters.ts';
import { untilReached } from './until-reached.ts';

/** How long a call waits for an answer of the database when its own timeout is shorter, or over. */
const ANSWER_MS = 1_000;
/** A longer timer of Node fires at once. The statement has a limit of its own. */
const MAX_ANSWER_MS = 60_000;

/**
 * Waits until a subscription has processed the event at a place.
 *
 * @throws LogRewoundError when the log does not have this event; EventParkedError when it is set aside; the errors of {@link SubscriptionWaiters.until}
 */
export async function waitForPlace(
  by: { readonly store: PostgresEventStore; readonly waiters: SubscriptionWaiters },
  subscription: Subscription,
  place: EventPlace,
  { timeoutMs, signal }: WaitOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const { position } = place;
  const deadline = performance.now() + timeoutMs;
  await untilReached({
    identity: identityOf(subscription),
    wanted: position,
    check: async () => {
      const limitMs = Math.min(MAX_ANSWER_MS, Math.max(ANSWER_MS, deadline - performance.now()));
      // The answer is shared with other calls: one that ends earlier leaves it to them.
      return within(reachedRow(by, subscription, place), { limitMs, late: () => 0, signal });
    },
    wait: (remainingMs) =>
      by.waiters.until(subscription, { position, inline: false }, { timeoutMs: remainingMs, signal }),
    timeoutMs,
    signal,
  });
}

/** @returns the row when it has reached the place, else its position; 0 while the database cannot be reached */
async function reachedRow(
  { store, waiters }: { readonly store: PostgresEventStore; readonly waiters: SubscriptionWaiters },
  subscription: Subscription,
  place: EventPlace,
): Promise<ReachedRow | number> {
  let row: ReachedRow | undefined;
  try {
    row = await waiters.checks.rowAt({ ref: subscription.ref, place });
  } catch (thrown) {
    if (store.closed) throw stoppedError(subscription);
    const error = toLeftfoldError(thrown, store.schema);
    if (LeftfoldError.is(error) && error.retryable) return 0;
    throw error;
  }
  if (row === undefined) return 0;
  return hasReached(identityOf(subscription), place, row) ? row : row.position;
}
