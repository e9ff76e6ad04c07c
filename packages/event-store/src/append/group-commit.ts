import { setImmediate as nextTurn } from 'node:timers';
import type { AppendRequest } from '@leftfold/core/append';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { ConflictSet } from './conflict-set.ts';

/**
 * The result of one request of a batch: its outcome, or its own error. `retry-alone`: one request of the batch conflicts
 * or blocks, and nothing was appended; send each request on its own.
 */
export type RequestResult = { readonly outcome: AppendOutcome } | { readonly error: unknown } | 'retry-alone';

/** Sends requests in one transaction. Returns a result for each request, in order; never throws. */
export type SendBatch = (requests: readonly AppendRequest[]) => Promise<readonly RequestResult[]>;

export interface GroupCommitOptions {
  readonly send: SendBatch;
  /** Batches in flight at a time. */
  readonly concurrency: number;
  readonly maxRequests: number;
  /** Events of one batch, or its streams if there are more of them; a larger request is sent alone. */
  readonly maxEvents: number;
  /** Characters of one batch; a larger request is sent alone. */
  readonly maxSize: number;
  /** Slots for batches that are blocked by another transaction. */
  readonly overflow: OverflowSlots;
}

/** Additional connections for batches that are blocked for long. Several queues can share them. */
export class OverflowSlots {
  readonly #size: number;
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** @returns false when all slots are taken */
  take(): boolean {
    if (this.#taken >= this.#size) return false;
    this.#taken += 1;
    return true;
  }

  free(): void {
    this.#taken -= 1;
  }
}

/** A batch without an answer by then is blocked by another transaction, and moves to an overflow slot. */
const SLOW_AFTER_MS = 100;

interface QueuedRequest {
  readonly request: AppendRequest;
  readonly alone?: boolean;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends the appends that are in flight together in one process in one call and one transaction.
 *
 * A batch never waits to grow: it is sent as soon as one of `concurrency` slots is free, with the requests queued by
 * then, first come, first served. A request for a stream that is already in flight waits for a later batch. So no two
 * requests of this process race for one stream, and appends to one stream keep their order.
 *
 * The same holds for a request whose condition queries a tag that is being written, and for one that writes a tag which
 * a condition in flight queries: a condition does not see the other events of its batch. Between batches, and between
 * processes, locks on tags in the database separate them. A condition that held when it was checked holds until the
 * commit, so it cannot lose a race and is not retried.
 *
 * A request blocked by a long transaction does not delay the rest of its batch or later batches.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: QueuedRequest[] = [];
  readonly #inFlight = new ConflictSet();
  #running = 0;
  #scheduled = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Resolves when the request's batch is committed. Rejects with the request's own error. */
  submit(request: AppendRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#running >= this.#options.concurrency) return;
    this.#scheduled = true;
    const dispatch = () => {
      this.#scheduled = false;
      this.#dispatch();
    };
    // When nothing is in flight, send after the current synchronous code, which may append more. After a batch, also wait
    // for the next appends of its callers: their continuations run before the next turn of the event loop.
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
      if (this.#inFlight.conflictsWith(waiting.request) || held.conflictsWith(waiting.request)) {
        // Later requests for the same streams or tags must stay after this one.
        held.add(waiting.request);
        left.push(waiting);
        continue;
      }
      this.#inFlight.add(waiting.request);
      events += amount;
      size += requestSize;
      batch.push(waiting);
    }
    this.#waiting = left.concat(rest);
    return batch;
  }

  async #run(batch: readonly QueuedRequest[]): Promise<void> {
    const freeSlot = this.#takeSlot();
    const results = await this.#options.send(batch.map(({ request }) => request));
    freeSlot();
    const alone: QueuedRequest[] = [];
    batch.forEach(({ request, resolve, reject }, index) => {
      this.#inFlight.remove(request);
      const result = results[index]!;
      if (result === 'retry-alone') alone.push({ request, resolve, reject, alone: true });
      else if ('outcome' in result) resolve(result.outcome);
      else reject(result.error);
    });
    if (alone.length > 0) this.#waiting = [...alone, ...this.#waiting];
    if (this.#waiting.length > 0) this.#schedule();
  }

  /** @returns frees the slot, or the overflow slot that replaced it */
  #takeSlot(): () => void {
    let slow = false;
    this.#running += 1;
    const timer = setTimeout(() => {
      slow = this.#options.overflow.take();
      if (!slow) return;
      this.#running -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    }, SLOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      if (slow) this.#options.overflow.free();
      else this.#running -= 1;
    };
  }
}
