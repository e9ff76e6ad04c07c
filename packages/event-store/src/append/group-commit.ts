import { setImmediate as nextTurn } from 'node:timers';
import { StoreUnavailableError } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { ConflictSet } from './conflict-set.ts';

/**
 * A request's fate: its outcome, or the error that befell it alone. `go-alone`: nothing was appended, for somebody in
 * this company is refused or has to wait, and nobody shall share that.
 */
export type RequestResult = { readonly outcome: AppendOutcome } | { readonly error: unknown } | 'go-alone';

/** Sends requests in one transaction. Answers for each, in their order; never throws. */
export type SendBatch = (requests: readonly AppendRequest[]) => Promise<readonly RequestResult[]>;

export interface GroupCommitOptions {
  readonly send: SendBatch;
  /** Batches on their way at one time. */
  readonly concurrency: number;
  readonly maxRequests: number;
  /** Events of one batch, or its streams if they are more; a larger single request travels alone. */
  readonly maxEvents: number;
  /** Characters of one batch; a larger single request travels alone. */
  readonly maxSize: number;
  /** Where batches go that wait for somebody else's transaction. */
  readonly overflow: OverflowSlots;
}

/** Connections beside the slots, for batches that have long been waiting. Several queues may share them. */
export class OverflowSlots {
  readonly #places: number;
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** @returns false when all are taken. */
  take(): boolean {
    if (this.#taken >= this.#places) return false;
    this.#taken += 1;
    return true;
  }

  leave(): void {
    this.#taken -= 1;
  }
}

/** A batch that is not back by then waits for somebody, and gives its slot to others. */
const SLOW_AFTER_MS = 100;

/** Appends that may wait, and the characters of their payloads: whoever does not wait for answers is told in time. */
const MAX_WAITING = 50_000;
const MAX_WAITING_SIZE = 256 * 1024 * 1024;

interface QueuedRequest {
  readonly request: AppendRequest;
  readonly alone?: boolean;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets the appends that are in flight together in one process travel in one call and one transaction.
 *
 * Nothing waits for company: a batch leaves as soon as one of `concurrency` slots is free, with whatever waits by
 * then. First come, first served; a request whose stream is on its way already waits for the next batch, so that no
 * two requests of this process ever race for one stream, and appends to one stream keep their order.
 *
 * So does a request whose condition asks about a tag that is on its way, and one that writes a tag which a condition
 * on its way asks about: within a batch a condition sees nothing of what travels with it. Between batches, and
 * processes, the database's locks on tags keep them apart; a condition that held when it was looked at holds until the
 * commit, so that it cannot lose a race and need not be tried again.
 *
 * Whoever waits for a transaction that stays open, holds up neither those he travelled with nor those who come after.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: QueuedRequest[] = [];
  #waitingSize = 0;
  readonly #onTheirWay = new ConflictSet();
  #running = 0;
  /** On their way without a slot. */
  #slow = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the request's batch is committed; rejects with what befell this request, or at once with a
   * StoreUnavailableError when too many are waiting.
   */
  submit(request: AppendRequest): Promise<AppendOutcome> {
    const isFull = this.#waiting.length >= MAX_WAITING || this.#waitingSize >= MAX_WAITING_SIZE;
    if (isFull) {
      return Promise.reject(
        new StoreUnavailableError(
          `${this.#waiting.length} appends of this process are waiting, and this one was not made; wait for the answers of some before you make more`,
        ),
      );
    }
    this.#waitingSize += request.size;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drained(): Promise<void> {
    while (this.#running + this.#slow + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
      });
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#running >= this.#options.concurrency) return;
    this.#scheduled = true;
    const dispatch = () => {
      this.#scheduled = false;
      this.#dispatch();
    };
    // When all is quiet, an append leaves once the calls made in the same breath are in. After a batch, the appends
    // that its callers make next should be in as well: their continuations run before the next turn.
    if (this.#running === 0 && this.#waiting.length === 1) queueMicrotask(dispatch);
    else nextTurn(dispatch);
  }

  #dispatch(): void {
    while (this.#running < this.#options.concurrency) {
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      void this.#run(batch);
    }
  }

  #takeBatch(): readonly QueuedRequest[] {
    const { maxRequests, maxEvents, maxSize } = this.#options;
    const batch: QueuedRequest[] = [];
    const left: QueuedRequest[] = [];
    let rest: readonly QueuedRequest[] = [];
    const held = new ConflictSet();
    let events = 0;
    let size = 0;
    for (const [index, waiting] of this.#waiting.entries()) {
      const { streams, eventCount, size: requestSize } = waiting.request;
      const amount = Math.max(eventCount, streams.length);
      const full =
        batch.length > 0 &&
        (waiting.alone === true ||
          batch[0]?.alone === true ||
          batch.length >= maxRequests ||
          events + amount > maxEvents ||
          size + requestSize > maxSize);
      if (full) {
        rest = this.#waiting.slice(index);
        break;
      }
      if (this.#onTheirWay.conflictsWith(waiting.request) || held.conflictsWith(waiting.request)) {
        // Whoever comes later for the same streams or tags stays behind this one.
        held.add(waiting.request);
        left.push(waiting);
        continue;
      }
      this.#onTheirWay.add(waiting.request);
      events += amount;
      size += requestSize;
      this.#waitingSize -= requestSize;
      batch.push(waiting);
    }
    this.#waiting = left.concat(rest);
    return batch;
  }

  async #run(batch: readonly QueuedRequest[]): Promise<void> {
    const leave = this.#takeSlot();
    const settled = await this.#options.send(batch.map(({ request }) => request));
    leave();
    const alone: QueuedRequest[] = [];
    batch.forEach(({ request, resolve, reject }, index) => {
      this.#onTheirWay.remove(request);
      const fate = settled[index]!;
      if (fate === 'go-alone') alone.push({ request, resolve, reject, alone: true });
      else if ('outcome' in fate) resolve(fate.outcome);
      else reject(fate.error);
    });
    for (const { request } of alone) this.#waitingSize += request.size;
    if (alone.length > 0) this.#waiting = [...alone, ...this.#waiting];
    if (this.#waiting.length > 0) this.#schedule();
    else if (this.#running + this.#slow === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** @returns what gives the slot back, or the place among the slow that it was exchanged for. */
  #takeSlot(): () => void {
    let slow = false;
    this.#running += 1;
    const timer = setTimeout(() => {
      slow = this.#options.overflow.take();
      if (!slow) return;
      this.#slow += 1;
      this.#running -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    }, SLOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      if (slow) {
        this.#options.overflow.leave();
        this.#slow -= 1;
      } else {
        this.#running -= 1;
      }
    };
  }
}
