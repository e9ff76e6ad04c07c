import { SubscriptionNotFoundError, SubscriptionTimeoutError } from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { within } from '@leftfold/postgres';
import type { SubscriptionSet } from '../runner/subscription-set.ts';
import type { ReachedRow } from '../sql/reached.ts';
import { identityOf } from '../subscription/subscription-definition.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import { answerLimitMs } from './answer-limit.ts';
import type { SubscriptionWaiters, WaitOptions } from './subscription-waiters.ts';
import { rowAtPlace, waitForPlace } from './wait-for-place.ts';

/**
 * What queries ask of a runner before they take a connection. Calls of the same time share their statements, however many
 * they are.
 */
export class SubscriptionReads {
  readonly #by: { readonly store: PostgresEventStore; readonly waiters: SubscriptionWaiters };
  readonly #subscriptions: SubscriptionSet;

  constructor(store: PostgresEventStore, waiters: SubscriptionWaiters, subscriptions: SubscriptionSet) {
    this.#by = { store, waiters };
    this.#subscriptions = subscriptions;
  }

  /**
   * Whether this process leads the subscription, and has come so far. It is outdated after a reset by another process,
   * until this one notices.
   */
  mayHaveReached(ref: SubscriptionRef, position: number): boolean {
    return this.#by.waiters.mayHaveReached(ref, position);
  }

  /** @throws the errors of {@link waitForPlace}; SubscriptionMismatchError */
  async waitForPlace(ref: SubscriptionRef, place: EventPlace, waiting: WaitOptions): Promise<void> {
    const judge = ({ definition_hash: hash }: ReachedRow) => this.#assertSame(ref, hash);
    await waitForPlace(this.#by, this.#subscriptions.find(ref), place, { ...waiting, judge });
  }

  /**
   * How far a subscription is, and where the log ends, in a snapshot that is taken after this call.
   *
   * @throws SubscriptionTimeoutError, SubscriptionNotFoundError, SubscriptionMismatchError, StoreUnavailableError, ClosedError, the signal's reason
   */
  async progressOf(ref: SubscriptionRef, { timeoutMs, signal }: WaitOptions): Promise<ReachedRow> {
    const subscription = this.#subscriptions.find(ref);
    const identity = identityOf(subscription);
    const late = (): never => {
      throw new SubscriptionTimeoutError(identity, this.#by.store.newestSeen, undefined, timeoutMs);
    };
    const asked = rowAtPlace(this.#by, subscription, { position: 0 });
    const row = await within(asked, { limitMs: answerLimitMs(timeoutMs), late, signal });
    if (row === undefined) throw new SubscriptionNotFoundError(identity);
    await this.#assertSame(ref, row.definition_hash);
    return row;
  }

  async #assertSame(ref: SubscriptionRef, definitionHash: string): Promise<void> {
    if (!this.#subscriptions.isSame(ref, definitionHash)) await this.#subscriptions.assertSame(ref);
  }
}
