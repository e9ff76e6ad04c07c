import { LeftfoldError, SubscriptionNotFoundError } from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { toLeftfoldError, within } from '@leftfold/postgres';
import { readDueFailureAt } from '../sql/due.ts';
import { hasReached, type ReachedRow } from '../sql/reached.ts';
import { readProgress } from '../sql/progress.ts';
import { failedAttempts } from '../status/failed-attempts.ts';
import { heldBy } from '../status/held-by.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { answerLimitMs } from './answer-limit.ts';
import type { SubscriptionWaiters, WaitOptions } from './subscription-waiters.ts';
import { untilReached } from './until-reached.ts';
import { stoppedError } from './wait-errors.ts';

/**
 * Waits until a subscription has processed the event at a place.
 *
 * @throws LogRewoundError when the log does not have this event; EventParkedError when it is set aside; SubscriptionNotFoundError; the errors of {@link SubscriptionWaiters.until}
 */
export async function waitForPlace(
  by: AskedBy,
  subscription: Subscription,
  place: EventPlace,
  { timeoutMs, signal, judge }: WaitOptions & { readonly judge?: Judge | undefined },
): Promise<void> {
  signal?.throwIfAborted();
  const { position } = place;
  const deadline = performance.now() + timeoutMs;
  await untilReached({
    identity: identityOf(subscription),
    wanted: position,
    check: async () => {
      const limitMs = answerLimitMs(deadline - performance.now());
      // The answer is shared with other calls: one that ends earlier leaves it to them.
      return within(reachedRow(by, subscription, place, judge), { limitMs, late: () => undefined, signal });
    },
    wait: (remainingMs) =>
      by.waiters.until(subscription, { position, inline: false }, { timeoutMs: remainingMs, signal }),
    why: (found) => {
      if (found === undefined) return Promise.resolve(undefined);
      const limitMs = answerLimitMs(0);
      const why = found < position ? whyHeldUp(by, subscription) : whySetAside(by, subscription, position);
      return within(why, { limitMs, late: () => undefined, signal });
    },
    timeoutMs,
    signal,
  });
}

/** For which session it waits. Does not throw. */
async function whyHeldUp({ store }: AskedBy, { ref }: Subscription): Promise<string | undefined> {
  const rows = await readProgress(store, [ref]).catch(() => []);
  return rows.map(heldBy).find((why) => why !== undefined);
}

/** The last failure of an event that is tried again. Does not throw. */
async function whySetAside(
  { store }: AskedBy,
  { ref }: Subscription,
  position: number,
): Promise<string | undefined> {
  const failure = await readDueFailureAt(store, ref, position).catch(() => undefined);
  return failure && failedAttempts(failure);
}

/** Throws when what a row says makes the wait futile. With one, the wait is futile too while the database is away. */
export type Judge = (row: ReachedRow) => Promise<void>;

interface AskedBy {
  readonly store: PostgresEventStore;
  readonly waiters: SubscriptionWaiters;
}

/** @returns the row when it has reached the place, else its position; undefined while the database cannot be reached */
async function reachedRow(
  by: AskedBy,
  subscription: Subscription,
  place: EventPlace,
  judge: Judge | undefined,
): Promise<ReachedRow | number | undefined> {
  let row: ReachedRow | undefined;
  try {
    row = await rowAtPlace(by, subscription, place);
    if (row?.aside === 'due') await by.waiters.assertNotStopped(subscription);
  } catch (error) {
    if (judge === undefined && LeftfoldError.is(error) && error.retryable) return undefined;
    throw error;
  }
  const identity = identityOf(subscription);
  if (row === undefined) throw new SubscriptionNotFoundError(identity);
  await judge?.(row);
  return hasReached(identity, place, row) ? row : row.position;
}

/** @returns undefined when the subscription has no row. @throws ClosedError, StoreUnavailableError, MissingRightsError */
export async function rowAtPlace(
  { store, waiters }: AskedBy,
  subscription: Subscription,
  place: EventPlace,
): Promise<ReachedRow | undefined> {
  try {
    return await waiters.checks.rowAt({ ref: subscription.ref, place });
  } catch (thrown) {
    if (store.closed) throw stoppedError(subscription);
    throw toLeftfoldError(thrown, store.schema);
  }
}
