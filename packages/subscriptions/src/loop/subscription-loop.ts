import type { LeaseTerm } from '../lease/lease-term.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { markCaughtUp } from '../sql/caught-up.ts';
import { BatchSize } from './batch-size.ts';
import { FailureRecovery } from './failure-recovery.ts';
import type { LoopOptions } from './loop-options.ts';
import { applyUpTo } from './page-pipeline.ts';
import { retryDelayMs } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import type { TermProgress } from './term-progress.ts';

/** Advances one subscription while this process holds its lease, and waits for the lease otherwise. */
export class SubscriptionLoop {
  readonly #subscription: Subscription;
  readonly #options: LoopOptions;
  readonly #recovery: FailureRecovery;

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
      if (term === undefined) return;
      waiters.advanced(key, term.position);
      await this.#lead(this.#beginTerm(term, stop));
      waiters.left(key);
      if (stop.aborted) return; // the lease manager releases the lease
      leases.drop(term);
    }
  }

  #beginTerm(term: LeaseTerm, stop: AbortSignal): TermProgress {
    return {
      term,
      handler: this.#subscription.definition.createHandler(term),
      size: new BatchSize(this.#options.batchSize),
      signal: AbortSignal.any([stop, term.signal]),
      position: term.position,
      caughtUp: term.caughtUp,
      writing: false,
      failures: 0,
      outages: 0,
    };
  }

  /** Returns when the term is over: runner stopped, lease lost, or subscription stopped or inline. */
  async #lead(progress: TermProgress): Promise<void> {
    while (!progress.signal.aborted) {
      let failure: { readonly error: unknown } | undefined;
      try {
        if ((await this.#follow(progress)) === 'over') return;
      } catch (error) {
        failure = { error };
      }
      if (this.#options.store.pool.ending) return;
      // When only the answer was lost, the batch may have been written: the checkpoint tells.
      progress.handler.forget?.();
      const outagesBefore = progress.outages;
      if (!(await this.#recovery.findPosition(progress))) return;
      if (failure === undefined) continue;
      const wasDown = progress.outages > outagesBefore;
      if ((await this.#recovery.handle(progress, failure.error, wasDown)) === 'over') return;
    }
  }

  /** Processes events up to the high-water mark, and waits for more. @returns `fenced` when a batch was not written */
  async #follow(progress: TermProgress): Promise<'over' | 'fenced'> {
    const { store, retry } = this.#options;
    const { definition } = this.#subscription;
    const { signal, term } = progress;
    const promotes = definition.promote !== undefined;
    let attempts = 0;
    for (;;) {
      const upTo =
        promotes || !progress.caughtUp
          ? await store.highWaterMark()
          : await store.waitForHighWaterMark({ after: progress.position, signal });
      if (signal.aborted) return 'over';
      if (upTo > progress.position) {
        const end = await applyUpTo(this.#options, definition.eventTypes, progress, upTo);
        // Also when the runner stops now: a call that waited for this position was answered.
        if (progress.position >= upTo) await this.#markCaughtUp(progress);
        if (end !== 'reached') return end;
      } else if (!progress.caughtUp) {
        await this.#markCaughtUp(progress);
      } else if (definition.promote !== undefined) {
        const result = await definition.promote(term, progress.position);
        if (result === 'fenced') return 'fenced';
        if (result === 'inline') return 'over';
        // Each attempt makes appends wait, so the delays grow.
        attempts += 1;
        await pause(retryDelayMs(retry, attempts), signal);
      }
    }
  }
  async #markCaughtUp(progress: TermProgress): Promise<void> {
    if (progress.caughtUp) return;
    await markCaughtUp(this.#options.store, progress.term);
    progress.caughtUp = true;
  }
}
