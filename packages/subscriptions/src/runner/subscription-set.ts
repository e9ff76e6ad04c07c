import { DuplicateDefinitionError, SubscriptionNotFoundError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { Checkpoint } from '../sql/row.ts';
import { type ParkedCounts, readParkedCounts } from '../sql/parked.ts';
import { type Progress, readProgress } from '../sql/progress.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { failedAttempts, retryOf } from '../status/failed-attempts.ts';
import { heldBy } from '../status/held-by.ts';
import { type SliceProgress, type SubscriptionStatus, toStatus } from '../status/subscription-status.ts';
import { allSlicesOf } from '../subscription/all-slices.ts';
import { Mismatches } from '../subscription/mismatches.ts';
import {
  identityOf,
  type Subscription,
  type SubscriptionDefinition,
  toSubscription,
} from '../subscription/subscription-definition.ts';
import {
  mapKeyOf,
  refKeyOf,
  type SubscriptionKey,
  type SubscriptionRef,
} from '../subscription/subscription-key.ts';

/** A subscription of this process with its rows in the database. */
export interface FoundSubscription {
  readonly subscription: Subscription;
  /** Of each slice, in their order; none when it has no row. */
  readonly checkpoints: readonly Checkpoint[];
}

/** The subscriptions of one runner, compared with what the database has. */
export class SubscriptionSet {
  readonly mismatches = new Mismatches();
  readonly #store: PostgresEventStore;
  readonly #byKey = new Map<string, Subscription>();

  /** @throws DuplicateDefinitionError when two have the same name and version */
  constructor(
    store: PostgresEventStore,
    definitions: readonly SubscriptionDefinition[],
    release: string | undefined,
  ) {
    this.#store = store;
    for (const definition of definitions) {
      const subscription = toSubscription(definition, release);
      const refKey = refKeyOf(subscription.ref);
      if (this.#byKey.has(refKey)) throw new DuplicateDefinitionError(subscription.kind, definition.name);
      this.#byKey.set(refKey, subscription);
    }
  }

  /** In the order in which they were given. */
  get all(): readonly Subscription[] {
    return [...this.#byKey.values()];
  }

  /** @throws SubscriptionNotFoundError */
  find(ref: SubscriptionRef): Subscription {
    const subscription = this.#byKey.get(refKeyOf(ref));
    if (subscription === undefined) {
      const { name, version } = ref;
      const given = this.all.map((one) => one.ref);
      throw new SubscriptionNotFoundError({ kind: 'subscription', name, version }, given);
    }
    return subscription;
  }

  /** All of them with their rows, in the order in which they were given. @throws what the database threw */
  async withCheckpoints(): Promise<readonly FoundSubscription[]> {
    const { all } = this;
    for (const subscription of all) await this.mismatches.recheck(subscription);
    const checkpoints = await readCheckpoints(
      this.#store,
      all.map(({ ref }) => ref),
    );
    const found = allSlicesOf(checkpoints);
    return all.map((subscription) => ({
      subscription,
      checkpoints: found.get(refKeyOf(subscription.ref))?.checkpoints ?? [],
    }));
  }

  /**
   * Reads what the status of each is made of.
   *
   * @param lastFailureOf what went wrong in this process since a slice last advanced
   * @returns the statuses, for a high-water mark that was read later
   * @throws what the database threw
   */
  async look(
    leaseMs: number,
    lastFailureOf: (slice: SubscriptionKey) => string | undefined,
  ): Promise<(highWaterMark: number) => readonly SubscriptionStatus[]> {
    const found = await this.withCheckpoints();
    const refs = this.all.map(({ ref }) => ref);
    const [progress, parked] = await Promise.all([readProgress(this.#store, refs), this.#parkedCounts()]);
    const bySlice = new Map(progress.map((one) => [mapKeyOf(one), one]));
    const progressOf = (slice: SubscriptionKey) =>
      toProgress(bySlice.get(mapKeyOf(slice)), leaseMs, lastFailureOf);
    return (highWaterMark) =>
      found.map(({ subscription, checkpoints }) => {
        const [first] = checkpoints;
        const mismatch = first && this.mismatches.of(subscription, first);
        return toStatus(subscription.ref, checkpoints, {
          highWaterMark,
          differences: mismatch?.code === 'SUBSCRIPTION_MISMATCH' ? mismatch.differences : [],
          isContinued: mismatch?.code === 'RELEASE_OUTDATED',
          progressOf,
          parked: parked.get(refKeyOf(subscription.ref)),
          retrying: checkpoints
            .map((slice) => lastFailureOf(slice) ?? retriedIn(bySlice.get(mapKeyOf(slice))))
            .find((failure) => failure !== undefined),
        });
      });
  }

  /** How much of each subscription is parked, of those that have parked keys. By `refKeyOf`. */
  async #parkedCounts(): Promise<ReadonlyMap<string, ParkedCounts>> {
    const counts = await readParkedCounts(
      this.#store,
      this.all.map(({ ref }) => ref),
    );
    return new Map(counts.map((one) => [refKeyOf(one), one]));
  }

  /** False when this process defines the subscription in another way than the row with this hash. */
  isSame(ref: SubscriptionRef, definitionHash: string | undefined): boolean {
    const subscription = this.find(ref);
    return definitionHash === subscription.definitionHash && !this.mismatches.has(subscription);
  }

  /** @throws SubscriptionMismatchError, ReleaseOutdatedError, SubscriptionNotFoundError, and what the database threw */
  async assertSame(ref: SubscriptionRef): Promise<void> {
    const subscription = this.find(ref);
    const [checkpoint] = await readCheckpoints(this.#store, [subscription.ref]);
    if (checkpoint === undefined) throw new SubscriptionNotFoundError(identityOf(subscription));
    await this.mismatches.recheck(subscription);
    const mismatch = this.mismatches.of(subscription, checkpoint);
    if (mismatch !== undefined) throw mismatch;
  }
}

/** A slice that has not moved for twice `leaseMs` though events wait is not advancing. */
function toProgress(
  row: Progress | undefined,
  leaseMs: number,
  lastFailureOf: (slice: SubscriptionKey) => string | undefined,
): SliceProgress {
  if (row === undefined)
    return { lagSeconds: 0, advancedAt: undefined, standstill: undefined, isHeldUp: false };
  const { still_seconds: still, lag_seconds: lagSeconds, advanced_at: advancedAt } = row;
  const failure = heldBy(row) ?? lastFailureOf(row) ?? retriedIn(row);
  const since = `the position has not moved for ${Math.round(still ?? 0)} s, though events wait`;
  const isLong = still !== null && still * 1_000 > 2 * leaseMs;
  return {
    lagSeconds,
    advancedAt: new Date(advancedAt * 1_000),
    isHeldUp: row.held_by !== null,
    standstill: isLong ? (failure === undefined ? since : `${since}; ${failure}`) : undefined,
  };
}

/** What failed last in whichever process leads the slice, and is tried again, in words. */
function retriedIn(row: Progress | undefined): string | undefined {
  const failed = row && retryOf(row);
  return failed && failedAttempts(failed);
}
