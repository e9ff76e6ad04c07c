import {
  LeftfoldError,
  type RecordedEvent,
  ReleaseOutdatedError,
  SubscriptionFailedError,
  type SubscriptionStalledError,
} from '@leftfold/core';
import { readable, thrownText } from '@leftfold/core/input';
import {
  isConnectionFailure,
  isIdleEnded,
  isOperational,
  isStatementEnded,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { StopRequest } from '../handler/stop-request.ts';
import { BatchFailure } from '../handler/batch-failure.ts';
import { recordAttempt, stopSubscription } from '../sql/failures.ts';
import { isHeld } from '../sql/row.ts';
import { parkEvent } from '../parking/park-event.ts';
import { type KeysOf, storedKeysOf } from '../parking/keys-of.ts';
import { ParkingLedger } from '../parking/parking-ledger.ts';
import { readGivenUpAfter, readParkedKeys } from '../sql/parked.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { type FailedAttempts, failedAttempts } from '../status/failed-attempts.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import { keysOfSlice } from '../subscription/slice-of.ts';
import { keyOf, type SubscriptionKey } from '../subscription/subscription-key.ts';
import type { LoopOptions } from './loop-options.ts';
import { retryDelayMs } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import { inSlot } from './background-slot.ts';
import { attemptsFailed, failedWithoutEvent } from './stalled.ts';
import type { TermProgress } from './term-progress.ts';

/** Decides how a subscription continues after a batch was not written. */
export class FailureRecovery {
  readonly #subscription: Subscription;
  readonly #options: LoopOptions;
  readonly keysOf: KeysOf;

  constructor(subscription: Subscription, options: LoopOptions) {
    this.#subscription = subscription;
    this.#options = options;
    this.keysOf = storedKeysOf(subscription.definition);
  }

  /** Reads which keys are parked, until the database answers. @returns false when the lease is lost or the runner stops */
  findParkedKeys(progress: TermProgress): Promise<boolean> {
    return this.#untilAnswered(progress, async () => {
      await this.#readParking(progress, progress.position);
      return true;
    });
  }

  /** The same, and reads the checkpoint. */
  findPosition(progress: TermProgress): Promise<boolean> {
    const { term } = progress;
    return this.#untilAnswered(progress, async () => {
      const slices = await readCheckpoints(this.#options.store, [term]);
      const checkpoint = slices.find(({ slice }) => slice === term.slice);
      if (checkpoint === undefined || !isHeld(term, checkpoint)) return false;
      await this.#readParking(progress, checkpoint.position);
      progress.position = checkpoint.position;
      progress.until = checkpoint.until;
      return true;
    });
  }

  async #readParking(progress: TermProgress, position: number): Promise<void> {
    const { store } = this.#options;
    const { term } = progress;
    const keys = await readParkedKeys(store, term);
    const givenUp = await readGivenUpAfter(store, term, position);
    progress.parking = new ParkingLedger(keysOfSlice(this.keysOf, term), keys, givenUp);
    progress.term.parking = progress.parking;
  }

  async #untilAnswered(progress: TermProgress, ask: () => Promise<boolean>): Promise<boolean> {
    const { store } = this.#options;
    while (!progress.signal.aborted) {
      try {
        return await inSlot(store, progress, ask);
      } catch (error) {
        if (store.closed) return false;
        await this.#waitForDatabase(progress, error);
      }
    }
    return false;
  }

  /**
   * Retries without limit while the state of the database is the cause: that is never an event's fault. Otherwise
   * batches become smaller until the failing event is found, that event is retried a few times, and then it is parked,
   * or the subscription stops at it. At an event that is newer than this process it stops at once, for this release.
   *
   * @param wasDown whether the database could not be reached just now, and then answered
   */
  async handle(progress: TermProgress, error: unknown, wasDown: boolean): Promise<'continue' | 'over'> {
    const { retry } = this.#options;
    const cause = readable(error instanceof BatchFailure ? error.cause : error);
    // The database has answered since: there is nothing more to wait for.
    if (wasDown) return 'continue';
    const { size } = progress;
    const outdated = isNewerEvent(cause);
    const batch = error instanceof BatchFailure ? error.batch : undefined;
    const failing = batch?.failing;
    // What took too long may not with fewer events.
    if (
      (isStatementEnded(cause) || isIdleEnded(cause)) &&
      size.failed(batch?.eventCount ?? size.current, undefined)
    )
      return 'continue';
    if (isOperational(cause)) {
      await this.#waitForDatabase(progress, cause);
      return 'continue';
    }
    progress.advancedAt = performance.now();
    if (size.failed(batch?.eventCount ?? size.current, failing?.before)) return 'continue';
    progress.failures += 1;
    const event = failing?.event ?? batch?.firstEvent;
    if (!outdated && progress.failures < retry.attempts) {
      this.#report(progress.term, cause, false);
      await this.#recordAttempt(progress, this.#attempts(progress, cause, event ?? eventOf(cause)));
      await pause(retryDelayMs(retry, progress.failures), progress.signal);
      return 'continue';
    }
    if (!outdated && event !== undefined && this.#subscription.definition.onFailure === 'park') {
      const { release } = this.#subscription;
      const failed = { event, cause, release, attempts: progress.failures };
      try {
        if (await parkEvent(this.#options, this.#subscription, progress, failed)) return 'continue';
      } catch (parking) {
        return this.#tryAgain(progress, parking);
      }
    }
    return this.#stop(progress, cause, event, outdated);
  }

  #attempts(
    { failures: attempts }: TermProgress,
    cause: unknown,
    event: PlainEvent | undefined,
  ): FailedAttempts {
    if (event === undefined) return failedWithoutEvent(attempts, cause, this.#options.store.schema);
    const { position, type } = event;
    return { position, type, attempts, message: thrownText(cause) };
  }

  /** For other processes too, which wait for this one. Those that cannot reach the database learn nothing from it either way. */
  async #recordAttempt(progress: TermProgress, failed: FailedAttempts): Promise<void> {
    const { store } = this.#options;
    const { term, position } = progress;
    progress.lastFailure = failedAttempts(failed);
    // It was reported, and the next attempt follows whether or not it is recorded.
    await inSlot(store, progress, () => recordAttempt(store, term, position, failed)).catch(() => {});
  }

  /**
   * Stops the subscription if its checkpoint, as the database has it, is the position that the log does not reach: it has
   * processed events that are lost.
   */
  async stopBeyondEnd(progress: TermProgress, error: unknown): Promise<void> {
    const refused = progress.position;
    if ((await this.findPosition(progress)) && progress.position === refused)
      await this.#stop(progress, error, undefined, false);
  }

  /** Stops the subscription at an event that its handler has tried often enough. */
  stopAt(progress: TermProgress, { event, cause }: StopRequest): Promise<'continue' | 'over'> {
    return this.#stop(progress, cause, event, false);
  }

  async #stop(
    progress: TermProgress,
    cause: unknown,
    event: RecordedEvent | undefined,
    outdated: boolean,
  ): Promise<'continue' | 'over'> {
    const { store, waiters } = this.#options;
    const { release } = this.#subscription;
    const { term } = progress;
    const identity = identityOf(this.#subscription, term.slice);
    const failed = new SubscriptionFailedError(identity, event ?? eventOf(cause), { cause });
    try {
      const { position, eventType: type } = failed;
      const failure = { position, type, message: thrownText(cause), outdated, release };
      await inSlot(store, progress, () => stopSubscription(store, term, failure));
    } catch (error) {
      // Not stopped yet: the event is retried once more, and its failure leads here again.
      return this.#tryAgain(progress, error);
    }
    if (outdated) {
      this.#report(term, new ReleaseOutdatedError(identity, { cause }), false);
    } else {
      waiters.failed(term, failed);
      this.#report(term, failed, true);
    }
    return 'over';
  }

  /** What became of the last statement is not known. */
  async #tryAgain(progress: TermProgress, error: unknown): Promise<'continue' | 'over'> {
    await this.#waitForDatabase(progress, error);
    return (await this.findPosition(progress)) ? 'continue' : 'over';
  }

  async #waitForDatabase(progress: TermProgress, error: unknown): Promise<void> {
    const { store, retry } = this.#options;
    progress.outages += 1;
    const failed = failedWithoutEvent(progress.outages, error, store.schema);
    const lastFailure = failedAttempts(failed);
    progress.lastFailure = lastFailure;
    this.#report(progress.term, toLeftfoldError(error, store.schema), false);
    if (progress.outages === retry.attempts)
      this.#report(progress.term, this.#stalled(progress, lastFailure, error), false);
    if (!isConnectionFailure(error)) await this.#recordAttempt(progress, failed);
    const delayMs = retryDelayMs(retry, progress.outages);
    // A broker may stay away though the database answers.
    if (isOfTransport(error)) await pause(delayMs, progress.signal);
    else await store.outage.wait(delayMs, progress.signal);
  }

  #stalled({ term, position }: TermProgress, lastFailure: string, cause: unknown): SubscriptionStalledError {
    return attemptsFailed(this.#subscription, term, position, { lastFailure, cause });
  }

  /** Tells of an error after which the subscription goes on. */
  report({ term }: TermProgress, error: unknown): void {
    this.#report(term, error, false);
  }

  #report(slice: SubscriptionKey, error: unknown, stopped: boolean): void {
    this.#options.onIncident({ subscription: keyOf(slice), error, stopped });
  }
}

type PlainEvent = Pick<RecordedEvent, 'position' | 'type'>;

/** True when reading met an event whose type or schema version this process does not know. */
function isNewerEvent(error: unknown): boolean {
  return LeftfoldError.is(error) && error.code === 'UNKNOWN_EVENT' && eventOf(error) !== undefined;
}

function isOfTransport(error: unknown): boolean {
  if (!LeftfoldError.is(error)) return false;
  return error.code === 'TRANSPORT_UNAVAILABLE' || error.code === 'TRANSPORT_REFUSED';
}

/** Reading an event can fail before there is a batch: such errors name the event themselves. */
function eventOf(error: unknown): PlainEvent | undefined {
  if (typeof error !== 'object' || error === null || !('position' in error) || !('type' in error))
    return undefined;
  const { position, type } = error;
  return typeof position === 'number' && typeof type === 'string' ? { position, type } : undefined;
}
