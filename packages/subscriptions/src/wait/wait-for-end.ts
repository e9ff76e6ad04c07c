import { SubscriptionTimeoutError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { within } from '@leftfold/postgres';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import type { SubscriptionWaiters, WaitOptions, Wanted } from './subscription-waiters.ts';

/**
 * Waits until a subscription has processed everything up to the high-water mark. The time for reading the mark counts,
 * also when it is spent on waiting for a connection.
 *
 * @returns the mark
 * @throws the errors of {@link SubscriptionWaiters.until}
 */
export async function waitForMark(
  { store, waiters }: { readonly store: PostgresEventStore; readonly waiters: SubscriptionWaiters },
  subscription: Subscription,
  wanted: Omit<Wanted, 'position'>,
  { timeoutMs, signal }: WaitOptions,
): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const late = (): never => {
    throw new SubscriptionTimeoutError(identityOf(subscription), store.newestSeen, undefined, timeoutMs);
  };
  const position = await within(store.highWaterMark(), { limitMs: timeoutMs, late, signal });
  const remainingMs = Math.max(0, deadline - performance.now());
  await waiters.until(subscription, { ...wanted, position }, { timeoutMs, remainingMs, signal });
  return position;
}
