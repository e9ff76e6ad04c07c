import type { WaitForHighWaterMarkOptions } from '@leftfold/event-store';
import type { LeaseTerm } from '../lease/lease-term.ts';
import { markCaughtUp } from '../sql/caught-up.ts';
import { ParkingLedger } from '../parking/parking-ledger.ts';
import { resumeDueKeys } from '../parking/resume-due-keys.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { BatchSize } from './batch-size.ts';
import { FailureRecovery } from './failure-recovery.ts';
import { isRewound } from './is-rewound.ts';
import type { LoopOptions } from './loop-options.ts';
import { applyUpTo } from './page-pipeline.ts';
import { retryDelayMs, SubscriptionStalledError } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import { batchTooLong, termTooLong } from './stalled.ts';
import { within } from './within.ts';
import type { TermProgress } from './term-progress.ts';

/** While keys are parked, it is looked for those that are to be resumed after as many milliseconds, or positions. */
const PARKED_POLL_MS = 250;
const PARKED_POLL_POSITIONS = 10_000;

/** Advances one subscription while this process holds its lease, and waits for the lease otherwise. */
export class SubscriptionLoop {
  readonly #subscription: Subscription;
  readonly #options: LoopOptions;
  readonly #recovery: FailureRecovery;
  #progress: TermProgress | undefined;

  constructor(subscription: Subscription, options: LoopOptions) {
    this.#subscription = subscription;
    this.#options = options;
    this.#recovery = new FailureRecovery(subscription, options);
  }

  /** Runs until the signal aborts and the batch that is being written then has ended. Does not throw. */
  async run(stop: AbortSignal): Promise<void> {
    const { leases, waiters } = this.#options;
    const { key } = this.#subscription;
    for (;;) {
      const term = await leases.acquire(this.#subscription);
      if (term === undefined) break;
      waiters.advanced(key, term.position);
      const progress = this.#beginTerm(term, stop);
      this.#progress = progress;
      term.renewUnless(() => this.#whyNotRenewed(progress));
      await this.#lead(progress, stop);
      waiters.left(key);
      if (stop.aborted) break; // the lease manager releases the lease
      leases.drop(term);
      // The others ask for the lease three times in the time that it would last.
      if (term.signal.reason instanceof SubscriptionStalledError) await pause(term.leaseMs, stop);
    }
    this.#progress = undefined;
  }

  /** Reports the batch that has not ended, if any: the runner does not wait for it any longer. */
  reportUnfinished(limit: string): void {
    if (this.#progress === undefined) return;
    const { key } = this.#subscription;
    const error = batchTooLong(this.#subscription, this.#progress.position, limit);
    this.#options.onIncident({ subscription: key, error, stopped: false });
  }

  /** What went wrong since the subscription last advanced, while this process leads it. */
  get lastFailure(): string | undefined {
    return this.#progress?.lastFailure;
  }

  #whyNotRenewed({ idle, advancedAt, position, lastFailure }: TermProgress): Error | undefined {
    const { batchTimeoutMs } = this.#options;
    // A batch has a limit of the same length, which ends it first.
    if (idle || performance.now() - advancedAt <= 2 * batchTimeoutMs) return undefined;
    const limit = `twice batchTimeoutMs (${batchTimeoutMs})`;
    return termTooLong(this.#subscription, position, { limit, lastFailure });
  }

  #beginTerm(term: LeaseTerm, stop: AbortSignal): TermProgress {
    return {
      term,
      handler: this.#subscription.definition.createHandler(term),
      size: new BatchSize(this.#options.batchSize),
      signal: AbortSignal.any([stop, term.signal]),
      era: this.#options.store.era,
      parking: new ParkingLedger(this.#recovery.keysOf, []),
      position: term.position,
      caughtUp: term.caughtUp,
      writing: false,
      advancedAt: performance.now(),
      idle: false,
      lastFailure: undefined,
      failures: 0,
      outages: 0,
    };
  }

  /**
   * Returns when the term is over: runner stopped, lease lost, subscription stopped or inline, or the log went back.
   * The next term begins where the checkpoint is then.
   */
  async #lead(progress: TermProgress, stop: AbortSignal): Promise<void> {
    if (!(await this.#recovery.findParkedKeys(progress))) return;
    while (!progress.signal.aborted) {
      let failure: { readonly error: unknown } | undefined;
      try {
        if ((await this.#follow(progress)) === 'over') return;
      } catch (error) {
        failure = { error };
      }
      if (this.#options.store.closed) return;
      if (failure?.error instanceof SubscriptionStalledError) {
        await this.#giveUp(progress, failure.error);
        return;
      }
      if (failure !== undefined && isRewound(failure.error)) {
        this.#recovery.report(failure.error);
        if (this.#options.store.era === progress.era)
          await this.#recovery.stopBeyondEnd(progress, failure.error);
        await this.#options.leases.giveUp(progress.term, failure.error);
        await pause(retryDelayMs(this.#options.retry, 1), stop);
        return;
      }
      // When only the answer was lost, the batch may have been written: the checkpoint tells.
      progress.handler.forget?.();
      const outagesBefore = progress.outages;
      if (!(await this.#recovery.findPosition(progress))) return;
      if (failure === undefined) continue;
      const wasDown = progress.outages > outagesBefore;
      if ((await this.#recovery.handle(progress, failure.error, wasDown)) === 'over') return;
    }
  }

  /** Leaves the subscription to another process: a handler that hangs here may not hang there. */
  async #giveUp({ term }: TermProgress, error: SubscriptionStalledError): Promise<void> {
    const { leases, onIncident } = this.#options;
    if (term.signal.aborted) return; // the lease manager has given it up, and told
    onIncident({ subscription: this.#subscription.key, error, stopped: false });
    await leases.giveUp(term, error);
  }

  /** Processes events up to the high-water mark, and waits for more. @returns `fenced` when a batch was not written */
  async #follow(progress: TermProgress): Promise<'over' | 'fenced'> {
    const { store, retry, batchTimeoutMs } = this.#options;
    const { definition } = this.#subscription;
    const { era, signal, term } = progress;
    let attempts = 0;
    let first = true;
    for (;;) {
      const resuming = { options: this.#options, subscription: this.#subscription, progress };
      if (progress.parking.size > 0 && (await resumeDueKeys(resuming)) === 'fenced') return 'fenced';
      const place = { after: progress.position, era };
      // First read anew: after a lost connection, the mark in memory may be one of a log that went back since.
      // What is set aside would be applied after later events.
      const promotes = definition.promote !== undefined && progress.parking.size === 0;
      const demotedMs = promotes ? term.demotedMs : undefined;
      const upTo =
        first || demotedMs === 0 || !progress.caughtUp
          ? await store.highWaterMark(place)
          : await this.#waitForEvents(progress, {
              ...place,
              timeoutMs: this.#longestWait(progress, demotedMs),
            });
      first = false;
      if (signal.aborted) return 'over';
      if (store.era !== era) continue; // refused by the next request
      term.lineage = store.lineage;
      if (upTo > progress.position) {
        const end = await applyUpTo(this.#options, this.#subscription, progress, nextStop(progress, upTo));
        // Also when the runner stops now: a call that waited for this position was answered.
        if (progress.position >= upTo && !(await this.#markCaughtUp(progress))) return 'fenced';
        if (end !== 'reached') return end;
      } else if (!progress.caughtUp) {
        if (!(await this.#markCaughtUp(progress))) return 'fenced';
      } else if (definition.promote !== undefined && demotedMs === 0) {
        const result = await within(definition.promote(term, progress.position), batchTimeoutMs, () =>
          batchTooLong(this.#subscription, progress.position, `batchTimeoutMs (${batchTimeoutMs})`),
        );
        if (result === 'fenced') return 'fenced';
        if (result === 'inline') return 'over';
        progress.advancedAt = performance.now();
        // Each attempt makes appends wait, so the delays grow.
        attempts += 1;
        await pause(retryDelayMs(retry, attempts), signal);
      }
    }
  }

  /** @returns undefined for no limit */
  #longestWait({ parking }: TermProgress, demotedMs: number | undefined): number | undefined {
    return parking.size === 0 ? demotedMs : Math.min(demotedMs ?? PARKED_POLL_MS, PARKED_POLL_MS);
  }

  async #waitForEvents(progress: TermProgress, wait: WaitForHighWaterMarkOptions): Promise<number> {
    progress.idle = true;
    try {
      return await this.#options.store.waitForHighWaterMark({ ...wait, signal: progress.signal });
    } finally {
      progress.idle = false;
      progress.advancedAt = performance.now();
    }
  }

  /** @returns false when the lease is lost, or the log has another lineage */
  async #markCaughtUp(progress: TermProgress): Promise<boolean> {
    progress.caughtUp ||= await markCaughtUp(this.#options.store, progress.term);
    return progress.caughtUp;
  }
}

function nextStop({ parking, position }: TermProgress, upTo: number): number {
  return parking.size === 0 ? upTo : Math.min(upTo, position + PARKED_POLL_POSITIONS);
}
