import type { WaitForHighWaterMarkOptions } from '@leftfold/event-store';
import type { SubscriptionHandler } from '../handler/subscription-handler.ts';
import type { LeaseTerm } from '../lease/lease-term.ts';
import { recordAttempt } from '../sql/failures.ts';
import { failedAttempts } from '../status/failed-attempts.ts';
import { markCaughtUp } from '../sql/caught-up.ts';
import { ParkingLedger } from '../parking/parking-ledger.ts';
import { resumeDueKeys } from '../parking/resume-due-keys.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { inSlot, restsFor } from './background-slot.ts';
import { BatchSize } from './batch-size.ts';
import { FailureRecovery } from './failure-recovery.ts';
import { isRewound } from './is-rewound.ts';
import type { LoopOptions } from './loop-options.ts';
import { Pace } from './pace.ts';
import { applyUpTo } from './page-pipeline.ts';
import { runBeside } from './run-beside.ts';
import { retryDelayMs, SubscriptionStalledError } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import { pause } from '@leftfold/postgres';
import { batchTooLong, failedWithoutEvent, notStarted, termTooLong } from './stalled.ts';
import { keysOfSlice } from '../subscription/slice-of.ts';
import { keyOf, type SubscriptionKey } from '../subscription/subscription-key.ts';
import { within } from './within.ts';
import { StopRequest } from '../handler/stop-request.ts';
import type { TermProgress } from './term-progress.ts';

/** How often a slice that waits for the others looks whether they are where it is. */
const DIVISION_MS = 100;
/** While keys are parked, it is looked for those that are to be resumed after as many milliseconds, or positions. */
const PARKED_POLL_MS = 250;
const PARKED_POLL_POSITIONS = 10_000;

/** Advances one slice of a subscription for as long as this process holds its lease. */
export class SubscriptionLoop {
  readonly #subscription: Subscription;
  readonly #term: LeaseTerm;
  readonly #options: LoopOptions;
  readonly #recovery: FailureRecovery;
  /** Undefined until the handler was created. */
  #progress: TermProgress | undefined;

  constructor(subscription: Subscription, term: LeaseTerm, options: LoopOptions) {
    this.#subscription = subscription;
    this.#term = term;
    this.#options = options;
    this.#recovery = new FailureRecovery(subscription, options);
  }

  /**
   * Returns when the term is over, or the runner stops. Does not throw.
   *
   * @param stop ends the loop after the batch that is being written
   */
  async run(stop: AbortSignal): Promise<void> {
    const { leases, waiters } = this.#options;
    const term = this.#term;
    waiters.advanced(term, term.position);
    const handler = await this.#createHandler(AbortSignal.any([stop, term.leaving]));
    if (handler !== undefined) {
      const progress = this.#beginTerm(handler, stop);
      this.#progress = progress;
      term.renewUnless(() => this.#whyNotRenewed(progress));
      const led = new AbortController();
      const beside = AbortSignal.any([progress.signal, led.signal]);
      const besideEnded = runBeside(this.#subscription, term, this.#options, beside);
      await this.#lead(progress, stop);
      led.abort();
      await besideEnded;
    }
    waiters.left(term);
    if (stop.aborted) return; // the lease manager releases the lease
    if (term.leaving.aborted && !term.signal.aborted) await leases.handOver(term);
    else leases.drop(term);
    leases.check(); // what this process had may be its own again
  }

  /** Reports the batch that has not ended: the runner does not wait for it any longer. */
  reportUnfinished(limit: string): void {
    const position = this.#progress?.position ?? this.#term.position;
    const error = batchTooLong(this.#subscription, this.#term, position, limit);
    this.#options.onIncident({ subscription: keyOf(this.#term), error, stopped: false });
  }

  get slice(): SubscriptionKey {
    return this.#term;
  }

  /** What went wrong since the slice last advanced. */
  get lastFailure(): string | undefined {
    return this.#progress?.lastFailure;
  }

  /** Tries a few times; then the lease is left to another process, where it may succeed. */
  async #createHandler(signal: AbortSignal): Promise<SubscriptionHandler | undefined> {
    const { retry, leases, batchTimeoutMs, store } = this.#options;
    const { position } = this.#term;
    const limit = `batchTimeoutMs (${batchTimeoutMs})`;
    let lastFailure = '';
    for (let attempt = 1; attempt <= retry.attempts && !signal.aborted; attempt += 1) {
      try {
        const run = { signal, parking: () => this.#progress!.parking };
        const create = async () => this.#subscription.definition.createHandler(this.#term, run);
        return await within(create(), batchTimeoutMs, () =>
          batchTooLong(this.#subscription, this.#term, position, limit),
        );
      } catch (thrown) {
        const error = readable(thrown);
        const failed = failedWithoutEvent(attempt, error, store.schema);
        lastFailure = failedAttempts(failed);
        this.#options.onIncident({ subscription: keyOf(this.#term), error, stopped: false });
        // It was reported, and goes on whether or not it is recorded.
        await recordAttempt(store, this.#term, position, failed).catch(() => {});
        // One that hangs would hold the lease for as long again with each attempt.
        if (error instanceof SubscriptionStalledError) break;
        if (attempt < retry.attempts) await pause(retryDelayMs(retry, attempt), signal);
      }
    }
    if (signal.aborted) return undefined;
    const error = notStarted(this.#subscription, this.#term, lastFailure);
    this.#options.onIncident({ subscription: keyOf(this.#term), error, stopped: false });
    await leases.giveUp(this.#term, error, { avoid: true });
    return undefined;
  }

  #whyNotRenewed({ idle, waiting, advancedAt, position, lastFailure }: TermProgress): Error | undefined {
    const { batchTimeoutMs } = this.#options;
    // A batch has a limit of the same length, which ends it first.
    if (idle || waiting > 0 || performance.now() - advancedAt <= 2 * batchTimeoutMs) return undefined;
    const limit = `twice batchTimeoutMs (${batchTimeoutMs})`;
    return termTooLong(this.#subscription, this.#term, position, { limit, lastFailure });
  }

  #beginTerm(handler: SubscriptionHandler, stop: AbortSignal): TermProgress {
    const term = this.#term;
    const { leastBatch } = this.#subscription.definition;
    return {
      term,
      handler,
      size: new BatchSize(this.#options.batchSize, leastBatch),
      pace: handler.eventsPerSecond === undefined ? undefined : new Pace(handler.eventsPerSecond),
      rests: handler.yields === true ? restsFor(this.#options.store) : undefined,
      signal: AbortSignal.any([stop, term.leaving]),
      era: this.#options.store.era,
      parking: new ParkingLedger(keysOfSlice(this.#recovery.keysOf, term), []),
      position: term.position,
      mark: term.position,
      until: undefined,
      caughtUp: term.caughtUp,
      writing: false,
      waiting: 0,
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
        failure = { error: readable(error) };
      }
      if (this.#options.store.closed) return;
      if (failure?.error instanceof SubscriptionStalledError) {
        await this.#giveUp(progress, failure.error);
        return;
      }
      if (failure !== undefined && isRewound(failure.error)) {
        this.#recovery.report(progress, failure.error);
        if (this.#options.store.era === progress.era)
          await this.#recovery.stopBeyondEnd(progress, failure.error);
        await this.#options.leases.giveUp(progress.term, failure.error, { avoid: false });
        await pause(retryDelayMs(this.#options.retry, 1), stop);
        return;
      }
      if (failure?.error instanceof StopRequest) {
        progress.handler.forget?.(); // its batch was written, and those prepared behind it were not
        if (!(await this.#recovery.findPosition(progress))) return;
        if ((await this.#recovery.stopAt(progress, failure.error)) === 'over') return;
        continue;
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
    onIncident({ subscription: keyOf(term), error, stopped: false });
    await leases.giveUp(term, error, { avoid: true });
  }

  /** Processes events up to the high-water mark, and waits for more. @returns `fenced` when the checkpoint tells more */
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
      const mark =
        first || demotedMs === 0 || !progress.caughtUp
          ? await inSlot(store, progress, () => store.highWaterMark(place))
          : await this.#waitForEvents(progress, {
              ...place,
              timeoutMs: this.#longestWait(progress, demotedMs),
            });
      first = false;
      progress.mark = mark;
      if (signal.aborted) return 'over';
      if (store.era !== era) continue; // refused by the next request
      term.lineage = store.lineage;
      const upTo = Math.min(mark, progress.until ?? mark);
      if (progress.until !== undefined && progress.position >= progress.until) {
        await this.#waitForDivision(progress);
        return 'fenced';
      }
      if (upTo > progress.position) {
        const end = await applyUpTo(this.#options, this.#subscription, progress, nextStop(progress, upTo));
        // Also when the runner stops now: a call that waited for this position was answered.
        if (progress.position >= mark && !(await this.#markCaughtUp(progress))) return 'fenced';
        if (end !== 'reached') return end;
      } else if (!progress.caughtUp) {
        if (!(await this.#markCaughtUp(progress))) return 'fenced';
      } else if (definition.promote !== undefined && demotedMs === 0) {
        const promote = definition.promote.bind(definition);
        const result = await inSlot(store, progress, () =>
          within(promote(term, progress.position), batchTimeoutMs, () =>
            batchTooLong(this.#subscription, term, progress.position, `batchTimeoutMs (${batchTimeoutMs})`),
          ),
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

  /** The number of slices changes: this one waits for the others, and the rows are divided by a check of the leases. */
  async #waitForDivision(progress: TermProgress): Promise<void> {
    progress.advancedAt = performance.now();
    this.#options.leases.check();
    await pause(DIVISION_MS, progress.signal);
  }

  async #waitForEvents(progress: TermProgress, wait: WaitForHighWaterMarkOptions): Promise<number> {
    progress.idle = true;
    progress.lastFailure = undefined; // the database answered, and nothing waits
    try {
      return await this.#options.store.waitForHighWaterMark({ ...wait, signal: progress.signal });
    } finally {
      progress.idle = false;
      progress.advancedAt = performance.now();
    }
  }

  /** @returns false when the lease is lost, or the log has another lineage */
  async #markCaughtUp(progress: TermProgress): Promise<boolean> {
    const { store } = this.#options;
    progress.caughtUp ||= await inSlot(store, progress, () => markCaughtUp(store, progress.term));
    return progress.caughtUp;
  }
}

function nextStop({ parking, position }: TermProgress, upTo: number): number {
  return parking.size === 0 ? upTo : Math.min(upTo, position + PARKED_POLL_POSITIONS);
}
