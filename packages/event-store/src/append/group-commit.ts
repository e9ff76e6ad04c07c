import { setImmediate as nextTurn } from 'node:timers';
import type { AppendRequest } from '@leftfold/core/append';
import type { Slots } from '@leftfold/postgres';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import type { BatchLimits } from './batch-room.ts';
import { type BlockedRequest, BlockedRequests } from './blocked-requests.ts';
import { QueuedRequest, type SendBatch, type SettledResult } from './queued-request.ts';
import { ReadyRequests } from './ready-requests.ts';
import { RequestOrder } from './request-order.ts';
import type { WaitLimit } from './wait-limit.ts';

export interface GroupCommitOptions {
  readonly send: SendBatch;
  /** Batches in flight at a time. */
  readonly concurrency: number;
  readonly batch: BatchLimits;
  /** Connections for batches that take long for another reason than a lock, beyond `concurrency`. */
  readonly slow: Slots;
  /** Connections for requests that are blocked by other transactions, beyond `concurrency`. */
  readonly blocked: Slots;
  /** Longest wait of a blocked request. */
  readonly waitLimit: () => Promise<WaitLimit>;
}

/** How long a batch, or an append under its locks, waits for another transaction. Group commits of other processes take a fraction of it. */
export const LOCK_TIMEOUT_MS = 100;
/** A batch without an answer by then takes long for another reason than a lock, and moves to a slot for slow ones. */
const SLOW_AFTER_MS = 100;

/**
 * Sends the appends that are in flight together in one process in one call and one transaction.
 *
 * A batch never waits to grow: it is sent as soon as one of `concurrency` slots is free, with the requests queued by
 * then, first come, first served. A request for a stream that is already in flight waits for a later batch. So no two
 * requests of this process race for one stream, and appends to one stream keep their order.
 *
 * The same holds for a request that has an event which the condition of another one matches, and for that one: a condition
 * does not see the other events of its batch. Between batches, and between processes, locks on tags in the database
 * separate them. Requests that would only wait for these locks, such as two conditions on one tag, share a batch; while it
 * is in flight, later ones are left for the next batch. A condition that held when it was checked holds until the commit,
 * so it cannot lose a race and is not retried.
 *
 * A request blocked by a long transaction delays only requests for its own streams and tags: see {@link BlockedRequests}.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #order: RequestOrder<QueuedRequest>;
  readonly #ready = new ReadyRequests();
  readonly #blocked: BlockedRequests;
  #count = 0;
  #running = 0;
  #scheduled = false;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    const { send, batch, blocked: slots, waitLimit } = options;
    this.#order = new RequestOrder(batch.maxRequests);
    this.#blocked = new BlockedRequests({
      send,
      batch,
      slots,
      waitLimit,
      onSettled: (queued, result) => {
        this.#settle(queued, result);
        this.#schedule();
      },
      onExpired: (queued, limitMs, error) => {
        this.#expire(queued, limitMs, error);
        this.#schedule();
      },
    });
  }

  /** Resolves when the request's batch is committed. Rejects with the request's own error. */
  submit(request: AppendRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      const queued = new QueuedRequest(this.#count, request, resolve, reject);
      if (!this.#order.enter(queued)) return;
      this.#ready.push(queued);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#ready.size === 0 || this.#scheduled || this.#running >= this.#options.concurrency) return;
    this.#scheduled = true;
    const dispatch = () => {
      this.#scheduled = false;
      this.#dispatch();
    };
    // When nothing is in flight, send after the current synchronous code, which may append more. After a batch, also wait
    // for the next appends of its callers: their continuations run before the next turn of the event loop.
    if (this.#running === 0 && this.#ready.size === 1) queueMicrotask(dispatch);
    else nextTurn(dispatch);
  }

  #dispatch(): void {
    while (this.#running < this.#options.concurrency) {
      const batch = this.#ready.take(this.#options.batch);
      if (batch.length === 0) break;
      void this.#run(batch);
    }
  }

  async #run(batch: readonly QueuedRequest[]): Promise<void> {
    const freeSlot = this.#takeSlot();
    for (const queued of batch) this.#order.send(queued);
    const results = await this.#options.send(
      batch.map(({ request }) => request),
      LOCK_TIMEOUT_MS,
    );
    freeSlot();
    const alone: QueuedRequest[] = [];
    const blocked: BlockedRequest[] = [];
    for (const [index, queued] of batch.entries()) {
      const result = results[index]!;
      if (result === 'retry-alone') {
        queued.alone = true;
        alone.push(queued);
      } else if ('blocked' in result) {
        blocked.push({ queued, last: result });
      } else {
        this.#settle(queued, result);
      }
    }
    this.#ready.release(alone);
    this.#blocked.add(blocked);
    this.#schedule();
  }

  #settle(queued: QueuedRequest, result: SettledResult): void {
    this.#ready.release(this.#order.leave(queued));
    if ('outcome' in result) queued.resolve(result.outcome);
    else queued.reject(result.error);
  }

  /** Later requests for the same streams and tags have waited for the same transaction: some as long as this one. */
  #expire(first: QueuedRequest, limitMs: number, error: unknown): void {
    const expired = [first];
    for (const queued of expired) {
      const released = this.#order.leave(queued);
      const isExpired = (one: QueuedRequest) => performance.now() - one.since >= limitMs;
      expired.push(...released.filter(isExpired));
      this.#ready.release(released.filter((one) => !isExpired(one)));
      queued.reject(error);
    }
  }

  /** @returns frees the slot, or the slot for slow batches that replaced it */
  #takeSlot(): () => void {
    let slow = false;
    this.#running += 1;
    const timer = setTimeout(() => {
      slow = this.#options.slow.tryTake();
      if (!slow) return;
      this.#running -= 1;
      this.#schedule();
    }, SLOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      if (slow) this.#options.slow.free();
      else this.#running -= 1;
    };
  }
}
