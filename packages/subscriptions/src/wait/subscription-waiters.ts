import { setTimeout as delay } from 'node:timers/promises';
import {
  InFlight,
  type InFlightLimits,
  type ReleaseOutdatedError,
  type SubscriptionFailedError,
  SubscriptionNotFoundError,
  SubscriptionTimeoutError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { isNotMigrated, onAbort, toLeftfoldError } from '@leftfold/postgres';
import type { Checkpoint } from '../sql/row.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { withStoreErrors } from '../runner/with-store-errors.ts';
import { type AllSlices, allSlicesOf } from '../subscription/all-slices.ts';
import { refKeyOf, type SubscriptionKey, type SubscriptionRef } from '../subscription/subscription-key.ts';
import { type CountedSlice, LedSlices } from './led-slices.ts';
import { PlaceChecks } from './place-checks.ts';
import { failedError, outdatedError, stoppedError, whyBehind } from './wait-errors.ts';

const FIRST_POLL_MS = 5;
const LAST_POLL_MS = 50;
/** This process learns of each step of a subscription that it leads; it polls in case it loses the lease unnoticed. */
const POLL_WHEN_LEADING_MS = 500;

/** A longer timer of Node fires at once. A wait for more than these 24 days has no timeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Each may be a query that waits, with its text and its values. */
const WAITS: InFlightLimits = { what: 'waits for subscriptions and projections', count: 10_000 };

export interface Wanted {
  readonly position: number;
  /** Waits until the subscription is inline, whatever its position, or may not be made inline and is at the position. */
  readonly inline: boolean;
  /**
   * Whether only a read of the checkpoint ends the wait. What this process knows of it is outdated after a reset, until it
   * notices that it lost the lease. @default false, for a caller that reads it itself
   */
  readonly read?: boolean;
}

export interface WaitOptions {
  /** Milliseconds; Infinity for no timeout. */
  readonly timeoutMs: number;
  /** What is left of them. @default all */
  readonly remainingMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What the waiting calls ask of the runner. */
export interface KnownOfRunner {
  /** Whether this process runs its subscriptions. */
  readonly isRunning: () => boolean;
  /** What went wrong in this process since a subscription last advanced, in words. */
  readonly lastFailureOf: (ref: SubscriptionRef) => string | undefined;
}

interface Waiter {
  readonly subscription: Subscription;
  readonly wanted: Wanted;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Without a timeout it would never end where only a newer release can go on. */
  readonly endless: boolean;
  /** Undefined until a checkpoint was read. */
  reached: number | undefined;
  /** Why the checkpoint could not be read by the last poll. */
  unread: unknown;
  /** Why the subscription is left to a newer release, as of the last poll. */
  outdated: ReleaseOutdatedError | undefined;
  /** What failed last in whichever process leads it, as of the last poll. */
  failed: SubscriptionFailedError | string | undefined;
}

/**
 * The waiting calls of this process.
 *
 * Progress of this process reaches them at once. Checkpoints that other processes advance are polled, with one statement
 * for all waiting calls, and not at all while there are none.
 */
export class SubscriptionWaiters {
  readonly checks: PlaceChecks;
  readonly #store: PostgresEventStore;
  readonly #known: KnownOfRunner;
  readonly #waiters = new Set<Waiter>();
  readonly #waits = new InFlight(WAITS);
  readonly #led = new LedSlices();
  #closed = false;
  #polling = false;
  #pollMs = FIRST_POLL_MS;
  #wake = new AbortController();

  constructor(store: PostgresEventStore, known: KnownOfRunner) {
    this.checks = new PlaceChecks(store);
    this.#known = known;
    this.#store = store;
  }

  /** This process holds the lease of a slice, and its checkpoint is at this position. */
  advanced(slice: CountedSlice, position: number): void {
    this.#led.set(slice, position);
    const reached = this.#led.positionOf(slice);
    if (reached === undefined) return;
    for (const waiter of this.#waitersOf(slice)) {
      if (waiter.wanted.read !== true) this.#tell(waiter, { position: reached });
      else if (reached >= waiter.wanted.position) this.#pollSoon();
    }
  }

  /** This process no longer holds the lease. */
  left(slice: SubscriptionKey): void {
    this.#led.delete(slice);
    this.#pollSoon();
  }

  failed(slice: SubscriptionKey, error: SubscriptionFailedError): void {
    for (const waiter of this.#waitersOf(slice)) waiter.reject(error);
  }

  /**
   * @throws SubscriptionTimeoutError, SubscriptionFailedError, SubscriptionNotFoundError; ReleaseOutdatedError when it
   * has no timeout and only a newer release can go on; StoreUnavailableError when too many calls wait; ClosedError when
   * the runner stops; the signal's reason when it aborts
   */
  async until(
    subscription: Subscription,
    wanted: Wanted,
    { timeoutMs, remainingMs = timeoutMs, signal }: WaitOptions,
  ): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed) return this.#assertReached(subscription, wanted);
    const led = this.#led.positionOf(subscription.ref);
    if (!wanted.read && !wanted.inline && led !== undefined && led >= wanted.position) return;

    const end = this.#waits.begin();
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    let remove: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const endless = remainingMs >= MAX_TIMER_MS;
        const calls = { resolve, reject };
        waiter = {
          subscription,
          wanted,
          ...calls,
          endless,
          reached: led,
          unread: undefined,
          outdated: undefined,
          failed: undefined,
        };
        this.#waiters.add(waiter);
        if (signal !== undefined) remove = onAbort(signal, () => waiter?.reject(signal.reason));
        if (!endless) {
          timer = setTimeout(() => this.#timeOut(waiter, timeoutMs), remainingMs);
        }
        this.#pollSoon();
      });
    } finally {
      end();
      clearTimeout(timer);
      remove?.();
      if (waiter !== undefined) this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) this.#wake.abort();
    }
  }

  /** Whether this process leads the subscription, and has come so far as it knows. */
  mayHaveReached(ref: SubscriptionRef, position: number): boolean {
    const led = this.#led.positionOf(ref);
    return led !== undefined && led >= position;
  }

  /** For an event that waits for its next attempt. @throws SubscriptionFailedError when there will be none: it stopped */
  async assertNotStopped(subscription: Subscription): Promise<void> {
    const read = () => readCheckpoints(this.#store, [subscription.ref]);
    const found = allSlicesOf(await withStoreErrors(this.#store, read));
    const slices = found.get(refKeyOf(subscription.ref));
    if (slices !== undefined && slices.failure?.outdated !== true && this.#isFinal(subscription, slices))
      throw failedError(identityOf(subscription, slices.failedSlice), slices);
  }

  /** Rejects all waiting calls. */
  close(): void {
    this.#closed = true;
    for (const { subscription, reject } of this.#waiters) reject(stoppedError(subscription));
    this.#wake.abort();
  }

  /** The runner is stopped, so nothing is waited for; what was reached is in the database. */
  async #assertReached(subscription: Subscription, wanted: Wanted): Promise<void> {
    const checkpoints = await readCheckpoints(this.#store, [subscription.ref]).catch(() => []);
    const found = allSlicesOf(checkpoints).get(refKeyOf(subscription.ref));
    if (found === undefined || !isReached(wanted, found)) throw stoppedError(subscription);
  }

  #waitersOf(ref: SubscriptionRef): readonly Waiter[] {
    const refKey = refKeyOf(ref);
    return [...this.#waiters].filter(({ subscription }) => refKeyOf(subscription.ref) === refKey);
  }

  #tell(waiter: Waiter, found: Reached): void {
    waiter.reached = found.position;
    waiter.unread = undefined;
    if (isReached(waiter.wanted, found)) waiter.resolve();
  }

  #timeOut(waiter: Waiter | undefined, timeoutMs: number): void {
    if (waiter === undefined) return;
    const { subscription, wanted, reached, unread, outdated, failed } = waiter;
    waiter.reject(
      new SubscriptionTimeoutError(identityOf(subscription), wanted.position, reached, timeoutMs, {
        cause: outdated ?? unread ?? this.#known.lastFailureOf(subscription.ref) ?? failed,
      }),
    );
  }

  #pollSoon(): void {
    this.#pollMs = FIRST_POLL_MS;
    // Each call makes an error, also when it has no effect.
    if (!this.#wake.signal.aborted) this.#wake.abort();
    if (this.#polling || this.#waiters.size === 0) return;
    this.#polling = true;
    void this.#poll();
  }

  /** Does not throw. */
  async #poll(): Promise<void> {
    while (this.#waiters.size > 0 && !this.#closed) {
      this.#wake = new AbortController();
      await this.#pollOnce();
      const led = [...this.#waiters].every(
        ({ subscription }) => this.#led.positionOf(subscription.ref) !== undefined,
      );
      const pause = led ? POLL_WHEN_LEADING_MS : this.#pollMs;
      this.#pollMs = Math.min(LAST_POLL_MS, this.#pollMs * 2);
      await delay(pause, undefined, { signal: this.#wake.signal }).catch(() => {});
    }
    this.#polling = false;
  }

  /** False when this process may still go on, after the failure of another release. */
  #isFinal({ release }: Subscription, { failure }: AllSlices): boolean {
    return failure !== undefined && (failure.releases.includes(release) || !this.#known.isRunning());
  }

  async #pollOnce(): Promise<void> {
    const waiters = [...this.#waiters];
    const wanted = new Map(waiters.map(({ subscription: { ref } }) => [refKeyOf(ref), ref]));
    let checkpoints: readonly Checkpoint[];
    try {
      checkpoints = await readCheckpoints(this.#store, [...wanted.values()]);
    } catch (error) {
      if (this.#store.closed) this.close();
      const typed = toLeftfoldError(error, this.#store.schema);
      for (const waiter of waiters) {
        // Otherwise polled again until the timeout: the database may come back.
        if (isNotMigrated(error)) waiter.reject(typed);
        else waiter.unread = typed;
      }
      return;
    }
    const found = allSlicesOf(checkpoints);
    for (const waiter of waiters) {
      const slices = found.get(refKeyOf(waiter.subscription.ref));
      if (slices === undefined) {
        waiter.reject(new SubscriptionNotFoundError(identityOf(waiter.subscription)));
        continue;
      }
      this.#tell(waiter, slices);
      waiter.outdated = undefined;
      waiter.failed = whyBehind(waiter.subscription, slices);
      if (!this.#isFinal(waiter.subscription, slices)) continue;
      // Rejecting has no effect when the waiter was just resolved.
      if (slices.failure?.outdated !== true)
        waiter.reject(failedError(identityOf(waiter.subscription, slices.failedSlice), slices));
      else {
        waiter.outdated = outdatedError(waiter.subscription, slices);
        if (waiter.endless) waiter.reject(waiter.outdated);
      }
    }
  }
}

/** What is known of a checkpoint. */
type Reached = Pick<AllSlices, 'position'> & Partial<Pick<AllSlices, 'inline' | 'demotion'>>;

function isReached(wanted: Wanted, { position, inline, demotion }: Reached): boolean {
  if (inline === true) return true;
  return (!wanted.inline || demotion !== undefined) && position >= wanted.position;
}
