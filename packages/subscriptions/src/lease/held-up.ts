import { SubscriptionStalledError } from '@leftfold/core';
import type { SliceState } from '../sql/leases.ts';
import { readProgress } from '../sql/progress.ts';
import type { SchemaConnection } from '../sql/schema-connection.ts';
import { heldBy } from '../status/held-by.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { refKeyOf, type SubscriptionRef } from '../subscription/subscription-key.ts';

/** Looks that found nothing, such as while a handler fails, follow each other after one lease, two, four, and at last so many. */
const MAX_LEASES_BETWEEN = 16;

export interface HeldUpOptions {
  readonly connection: SchemaConnection;
  readonly leaseMs: number;
  readonly answerMs: number;
  readonly onError: (error: unknown, subscription: SubscriptionRef) => void;
}

/**
 * Tells that subscriptions wait for a session of another transaction: once for each, and again when it comes back. No
 * limit of this process ends such a wait, and none of its statements fails.
 */
export class HeldUp {
  readonly #options: HeldUpOptions;
  readonly #told = new Set<string>();
  /** Since when each is known to stand still. */
  #stillSince: ReadonlyMap<string, number> = new Map();
  #lookAgainAt = 0;
  #leasesBetween = 1;

  constructor(options: HeldUpOptions) {
    this.#options = options;
  }

  /** @param slices all of one check, which does not wait for it */
  tell(subscriptions: ReadonlyMap<string, Subscription>, slices: readonly SliceState[]): void {
    const still = new Map(slices.filter((slice) => slice.still === true).map((one) => [refKeyOf(one), one]));
    for (const refKey of this.#told) if (!still.has(refKey)) this.#told.delete(refKey);
    if (still.size === 0) this.#leasesBetween = 1;
    const now = performance.now();
    // For a process that has just started, it may be due to that alone: no other one ran it before.
    this.#stillSince = new Map(
      [...still.keys()].map((refKey) => [refKey, this.#stillSince.get(refKey) ?? now]),
    );
    const isLasting = (refKey: string) =>
      now - (this.#stillSince.get(refKey) ?? now) > this.#options.leaseMs / 2;
    const refs = [...still]
      .filter(([refKey]) => !this.#told.has(refKey) && isLasting(refKey))
      .map(([, ref]) => ref);
    if (refs.length === 0 || now < this.#lookAgainAt) return;
    this.#lookAgainAt = now + this.#leasesBetween * this.#options.leaseMs;
    this.#leasesBetween = Math.min(2 * this.#leasesBetween, MAX_LEASES_BETWEEN);
    this.#look(subscriptions, refs).catch(() => {}); // looked at again after a later check
  }

  async #look(
    subscriptions: ReadonlyMap<string, Subscription>,
    refs: readonly SubscriptionRef[],
  ): Promise<void> {
    const { connection, answerMs, onError } = this.#options;
    for (const row of await readProgress(connection, refs, answerMs)) {
      const refKey = refKeyOf(row);
      const why = heldBy(row);
      const subscription = subscriptions.get(refKey);
      if (why === undefined || subscription === undefined || this.#told.has(refKey)) continue;
      this.#told.add(refKey);
      const { name, version, slice, position } = row;
      onError(new SubscriptionStalledError(identityOf(subscription, slice), position, why), {
        name,
        version,
      });
    }
  }
}
