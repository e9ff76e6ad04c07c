import { SubscriptionTimeoutError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { within } from '@leftfold/postgres';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import type { SubscriptionWaiters, WaitOptions, Wanted } from './subscription-waiters.ts';
import { rowAtPlace } from './wait-for-place.ts';

interface WaitingBy {
  readonly store: PostgresEventStore;
  readonly waiters: SubscriptionWaiters;
}

/**
 * Waits until a subscription has processed every event that is committed now. The time for reading the end of the log
 * counts, also when it is spent on waiting for a connection.
 *
 * @returns the position of the last one
 * @throws the errors of {@link SubscriptionWaiters.until}
 */
export async function waitForEnd(
  by: WaitingBy,
  subscription: Subscription,
  wanted: Omit<Wanted, 'position'>,
  { timeoutMs, signal }: WaitOptions,
): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const late = (): never => {
    throw new SubscriptionTimeoutError(identityOf(subscription), by.store.newestSeen, undefined, timeoutMs);
  };
  const position = await within(endOfLog(by, subscription), { limitMs: timeoutMs, late, signal });
  const remainingMs = Math.max(0, deadline - performance.now());
  await by.waiters.until(subscription, { ...wanted, position }, { timeoutMs, remainingMs, signal });
  return position;
}

/** The high-water mark is below it while an older append is in flight: also below what the caller has just appended. */
async function endOfLog(by: WaitingBy, subscription: Subscription): Promise<number> {
  const mark = await by.store.highWaterMark();
  const row = await rowAtPlace(by, subscription, { position: 0 });
  return Math.max(mark, row?.log_end ?? 0);
}
