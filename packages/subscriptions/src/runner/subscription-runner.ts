import { hostname } from 'node:os';
import { ClosedError, type LogToken, SubscriptionNotFoundError, uuidv7 } from '@leftfold/core';
import { placeOfToken } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { applyMigrations, toLeftfoldError } from '@leftfold/postgres';
import { LeaseManager } from '../lease/lease-manager.ts';
import { within } from '../loop/within.ts';
import { IdleAdvances } from '../loop/idle-advances.ts';
import { EVENT_MEMORY, MemoryBudget } from '../loop/memory-budget.ts';
import { resetSubscription, type RewindOptions } from '../reset/reset-subscription.ts';
import { pauseSubscription, resumeSubscription } from '../sql/failures.ts';
import { functions, migrations } from '../sql/migrations.generated.ts';
import { publishing } from '../status/published.ts';
import type { SubscriptionStatus } from '../status/subscription-status.ts';
import { ParkedEvents } from '../parking/parked-events.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import { SubscriptionReads } from '../wait/subscription-reads.ts';
import { SubscriptionWaiters, type WaitOptions } from '../wait/subscription-waiters.ts';
import { waitForEnd } from '../wait/wait-for-end.ts';
import { waitForPlace } from '../wait/wait-for-place.ts';
import { LedLoops } from './led-loops.ts';
import { createMissing } from './create-missing.ts';
import {
  runnerLimits,
  type SubscriptionRunnerOptions,
  toWaitOptions,
  type WaitForOptions,
} from './runner-options.ts';
import { SubscriptionSet } from './subscription-set.ts';
import { withStoreErrors } from './with-store-errors.ts';

/**
 * Runs durable subscriptions: hands the events of the log to their handlers, in order.
 *
 * One process at a time leads each subscription: the one that holds its lease. Other processes that run it wait to take
 * over. A process that does not call `start()` can still wait for subscriptions, reset and resume them.
 */
export class SubscriptionRunner implements AsyncDisposable {
  /** Events that were set aside, and what an operator does with them. */
  readonly parked: ParkedEvents<SubscriptionRef>;
  /** @internal */
  readonly reads: SubscriptionReads;
  readonly #store: PostgresEventStore;
  readonly #subscriptions: SubscriptionSet;
  readonly #migrate: (() => Promise<void>) | undefined;
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #stopTimeoutMs: number;
  readonly #loops: LedLoops;
  readonly #leases: LeaseManager;
  readonly #waiters: SubscriptionWaiters;
  readonly #stop = new AbortController();
  #migrated: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: SubscriptionRunnerOptions) {
    const { store } = options;
    const { leaseMs, batchSize, batchTimeoutMs, stopTimeoutMs, retry } = runnerLimits(options);
    this.#stopTimeoutMs = stopTimeoutMs;
    const onIncident = publishing(store.schema, options.onIncident);
    this.#store = store;
    this.#subscriptions = new SubscriptionSet(store, options.subscriptions, options.release);
    this.#migrate = options.migrate;
    this.parked = this.parkedBy((ref) => ref);
    this.#owner = `${options.owner ?? `${hostname()}:${process.pid}`}/${uuidv7(Date.now())}`;
    this.#leaseMs = leaseMs;
    this.#waiters = new SubscriptionWaiters(store, {
      isRunning: () => this.#migrated !== undefined,
      lastFailureOf: (ref) => this.#loops.lastFailureIn(ref),
    });
    this.reads = new SubscriptionReads(store, this.#waiters, this.#subscriptions);
    this.#leases = new LeaseManager({
      connection: store,
      owner: this.#owner,
      leaseMs,
      answerMs: Math.min(leaseMs, store.answerMs),
      subscriptions: this.#subscriptions.all,
      onGranted: (subscription, term) => this.#loops.lead(subscription, term),
      isClosed: () => store.closed,
      mismatches: this.#subscriptions.mismatches,
      hints: store.hints,
      onAnswer: () => store.outage.over(),
      onError: (thrown, subscription) => {
        const error = toLeftfoldError(thrown, store.schema);
        onIncident({ subscription, error, stopped: false });
      },
    });
    const shared = {
      store,
      leases: this.#leases,
      waiters: this.#waiters,
      batchSize,
      batchTimeoutMs,
      memory: new MemoryBudget(EVENT_MEMORY),
      idleAdvances: new IdleAdvances(store, () => this.#leases.whenChecked()),
      retry,
      onIncident,
    };
    this.#loops = new LedLoops(shared, this.#stop.signal);
  }

  /**
   * Creates what is missing: the table of subscriptions, their rows, and what the option `migrate` creates. Any number of
   * processes may call it at the same time. When nothing is missing, it needs no right to create anything. The store
   * must be migrated.
   *
   * @throws SchemaMismatchError, MissingRightsError, StoreUnavailableError; MigrationFailedError for what `migrate` throws
   */
  async migrate(): Promise<void> {
    this.#assertOpen();
    const { pool, schema, answerMs } = this.#store;
    await applyMigrations(pool, { schema, component: 'subscriptions', migrations, functions, answerMs });
    const create = () => createMissing(this.#store, this.#subscriptions, this.#migrate);
    await withStoreErrors(this.#store, create, 'migrate() of the runner');
  }

  /** Migrates, then begins to run the subscriptions. @throws like {@link migrate}; TypeError when called twice */
  async start(): Promise<void> {
    this.#assertOpen();
    if (this.#migrated !== undefined) {
      throw new TypeError('the runner was started before; create a new one');
    }
    // Assigned before the first await: a stop during the migration waits for it.
    const migrated = this.migrate();
    this.#migrated = migrated;
    try {
      await migrated;
    } catch (error) {
      this.#migrated = undefined;
      throw error;
    }
    this.#leases.start();
  }

  /**
   * Waits for the batches that are being written, then releases the leases. Batches that have not ended after
   * `stopTimeoutMs` are reported as incidents and rolled back. Does not throw.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#leases.refuse();
    this.#waiters.close();
    const limit = `stopTimeoutMs (${this.#stopTimeoutMs})`;
    const ended = Promise.resolve(this.#migrated?.catch(() => {})).then(() => this.#loops.ended());
    await within(ended, this.#stopTimeoutMs, () => new Error(limit)).catch(() =>
      this.#loops.reportUnfinished(limit),
    );
    await this.#leases.close();
  }

  /**
   * Waits until a subscription has processed the event of a token, in whatever process it runs.
   *
   * A subscription that is inline has processed every event.
   *
   * @throws SubscriptionTimeoutError when it takes longer than `timeoutMs`; the event may still be processed.
   * @throws SubscriptionFailedError when the subscription stopped before that event.
   * @throws EventParkedError when this event is set aside.
   * @throws LogRewoundError when the log does not have this event.
   * @throws SubscriptionNotFoundError when this runner does not know the subscription, or it has no row.
   * @throws StoreUnavailableError when too many calls of this process wait.
   * @throws ClosedError when the runner is stopped, before the wait or during it.
   */
  async waitFor(ref: SubscriptionRef, token: LogToken, options: WaitForOptions = {}): Promise<void> {
    const waiting = toWaitOptions(options);
    const place = placeOfToken('token', token);
    const by = { store: this.#store, waiters: this.#waiters };
    await waitForPlace(by, this.#subscriptions.find(ref), place, waiting);
  }

  /** @internal Waits for a position, of whatever event. @throws like {@link waitFor} */
  async waitForPosition(ref: SubscriptionRef, position: number, options: WaitForOptions = {}): Promise<void> {
    const wanted = { position, inline: false };
    await this.#waiters.until(this.#subscriptions.find(ref), wanted, toWaitOptions(options));
  }

  /**
   * Waits until every event that is committed now is processed. For a subscription that is to become inline, until it is.
   *
   * @param options.timeoutMs is Infinity by default
   * @throws like {@link waitFor}
   */
  async whenCaughtUp(ref: SubscriptionRef, options: WaitForOptions = {}): Promise<void> {
    await this.untilEnd(ref, toWaitOptions(options, Number.POSITIVE_INFINITY));
  }

  /** @internal The same. @returns the position of the last event */
  async untilEnd(ref: SubscriptionRef, waiting: WaitOptions): Promise<number> {
    const subscription = this.#findOpen(ref);
    const inline = subscription.definition.promote !== undefined;
    const by = { store: this.#store, waiters: this.#waiters };
    return waitForEnd(by, subscription, { inline, read: true }, waiting);
  }

  /** @internal False when this process defines the subscription in another way than the row with this hash. */
  isSame(ref: SubscriptionRef, definitionHash: string | undefined): boolean {
    return this.#subscriptions.isSame(ref, definitionHash);
  }

  /** @internal Identifies the code of this process for a subscription. */
  releaseOf(ref: SubscriptionRef): string {
    return this.#subscriptions.find(ref).release;
  }

  /** @internal @throws SubscriptionMismatchError, SubscriptionNotFoundError, StoreUnavailableError */
  async assertSame(ref: SubscriptionRef): Promise<void> {
    await withStoreErrors(this.#store, () => this.#subscriptions.assertSame(ref));
  }

  /**
   * Deletes what a subscription's handler has written, and starts it over at the beginning of the log.
   *
   * @throws SubscriptionNotFoundError; StoreUnavailableError when other transactions hold locks that it needs for longer
   * than `leaseMs` and five seconds: it names their sessions
   */
  async reset(ref: SubscriptionRef): Promise<void> {
    await this.rewind(ref, 'reset()');
  }

  /** @internal The same, back to a position, with what else is part of the transaction. `call` is for messages. */
  async rewind(ref: SubscriptionRef, call: string, back?: RewindOptions): Promise<void> {
    const subscription = this.#findOpen(ref);
    const options = { store: this.#store, owner: this.#owner, leaseMs: this.#leaseMs, ...back };
    const reset = () => resetSubscription(subscription, options);
    await withStoreErrors(this.#store, reset, `${call} of ${subscription.kind} "${subscription.ref.name}"`);
    this.#subscriptions.mismatches.clear(subscription);
    this.#leases.check();
  }

  /**
   * Lets a subscription continue where it is: one that is paused, or stopped at an event. Does nothing to any other.
   *
   * @throws SubscriptionNotFoundError, StoreUnavailableError
   */
  resume(ref: SubscriptionRef): Promise<void> {
    return this.#change(ref, (found) => resumeSubscription(this.#store, found));
  }

  /**
   * Ends the work on a subscription until it is resumed, in all processes: batches that are not committed are undone. One
   * that is inline stays inline. @throws SubscriptionNotFoundError, StoreUnavailableError
   */
  pause(ref: SubscriptionRef): Promise<void> {
    return this.#change(ref, (found) => pauseSubscription(this.#store, found));
  }

  async #change(ref: SubscriptionRef, change: (ref: SubscriptionRef) => Promise<boolean>): Promise<void> {
    const subscription = this.#findOpen(ref);
    const found = await withStoreErrors(this.#store, () => change(subscription.ref));
    if (!found) throw new SubscriptionNotFoundError(identityOf(subscription));
    this.#leases.check();
  }

  /** State and progress of each subscription, in the order in which they were given. @throws StoreUnavailableError */
  async status(): Promise<readonly SubscriptionStatus[]> {
    this.#assertOpen();
    // Before the high-water mark: a lag is then never too small.
    const lastFailureOf = (slice: SubscriptionKey) => this.#loops.lastFailureOf(slice);
    const look = () => this.#subscriptions.look(this.#leaseMs, lastFailureOf);
    const statusesAt = await withStoreErrors(this.#store, look);
    return statusesAt(await this.#store.highWaterMark());
  }

  /** @internal The same as `parked`, for those who refer to subscriptions in another way. */
  parkedBy<TRef>(
    toRef: (ref: TRef) => SubscriptionRef,
    onGivenUp?: (ref: TRef, key: string) => Promise<void>,
  ): ParkedEvents<TRef> {
    return new ParkedEvents(this.#store, (ref) => this.#findOpen(toRef(ref)), onGivenUp);
  }

  /** @throws ClosedError, SubscriptionNotFoundError */
  #findOpen(ref: SubscriptionRef): Subscription {
    this.#assertOpen();
    return this.#subscriptions.find(ref);
  }

  /** @throws ClosedError */
  #assertOpen(): void {
    if (this.#stop.signal.aborted) throw new ClosedError('the runner');
  }
}
