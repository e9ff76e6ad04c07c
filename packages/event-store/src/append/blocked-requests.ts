import type { Slots } from '@leftfold/postgres';
import { type BatchLimits, BatchRoom } from './batch-room.ts';
import type { BlockedResult, QueuedRequest, SendBatch, SettledResult } from './queued-request.ts';
import { type WaitLimit, waitedTooLong } from './wait-limit.ts';

export interface BlockedRequestsOptions {
  readonly send: SendBatch;
  readonly batch: BatchLimits;
  /** Connections for calls that may meet a lock. Several queues can share them. */
  readonly slots: Slots;
  /** Longest wait of a request, from when it was made. */
  readonly waitLimit: () => Promise<WaitLimit>;
  readonly onSettled: (queued: QueuedRequest, result: SettledResult) => void;
  readonly onExpired: (queued: QueuedRequest, limitMs: number, error: unknown) => void;
}

export interface BlockedRequest {
  readonly queued: QueuedRequest;
  /** The result of its last try. */
  readonly last: BlockedResult;
}

/** Every blocked request is tried about once in this time, as long as there are few enough of them. */
const ROUND_MS = 250;
/** How long a try waits for a lock that finds out which requests of a batch are blocked: the others wait for it. */
const FIRST_TRY_MS = 2;
/** How long a later one waits. The longest is close to the next try: nearly always one is waiting. */
const SHORTEST_TRY_MS = 20;
const LONGEST_TRY_MS = 100;
/**
 * How long one waits that takes a connection which no other one needs. Locks are granted in the order of asking: where many
 * processes wait for one, a shorter try may never be the first.
 */
const UNDISTURBED_TRY_MS = 1_000;

/**
 * The requests that met a lock which another transaction held for long, and those of their batches. Any number of them
 * uses a few connections: each try waits for the lock for a fraction of a second and then leaves the connection to the
 * request whose last try is the longest ago.
 *
 * A request is tried alone. After a try that succeeded, the next one has twice as many requests, since a transaction that
 * ends releases many at once; after one that met a lock, one again. So those that only shared a batch with a blocked
 * request are soon appended, and so are all when a lock on the whole table is released.
 *
 * No two of them share a stream, and none has an event that the condition of another one matches: the queue leaves later
 * requests for these waiting.
 */
export class BlockedRequests {
  readonly #options: BlockedRequestsOptions;
  /** Those that were never tried alone; the next one first. */
  #untried: BlockedRequest[] = [];
  /** Those that no try is sent for now and that met a lock alone; the next one first. */
  #line: BlockedRequest[] = [];
  /** Those of both, and those that are sent. */
  #count = 0;
  #workers = 0;
  #groupSize = 1;
  /** Undefined until it was read. Read again when requests are blocked after none was. */
  #limit: WaitLimit | undefined;

  constructor(options: BlockedRequestsOptions) {
    this.#options = options;
  }

  /** @param requests of one batch. If it is one alone, it is known to be blocked, and the others are tried first. */
  add(requests: readonly BlockedRequest[]): void {
    if (requests.length === 0) return;
    if (this.#count === 0) void this.#readLimit();
    if (requests.length === 1) this.#line.push(...requests);
    else this.#untried.push(...requests);
    this.#count += requests.length;
    this.#startWorkers();
  }

  async #readLimit(): Promise<void> {
    this.#limit = undefined;
    this.#limit = await this.#options.waitLimit();
  }

  #startWorkers(): void {
    while (this.#workers < Math.min(this.#options.slots.size, this.#count)) {
      this.#workers += 1;
      void this.#work();
    }
  }

  async #work(): Promise<void> {
    const { slots } = this.#options;
    while (this.#untried.length + this.#line.length > 0) {
      await slots.take();
      this.#expire();
      const isFirst = this.#untried.length > 0;
      const group = this.#takeGroup(isFirst ? this.#untried : this.#line);
      if (group.length > 0) await this.#try(group, isFirst ? FIRST_TRY_MS : this.#tryMs(group));
      slots.free();
    }
    this.#workers -= 1;
  }

  /** Ends those that have waited for too long: when many are blocked, some are not tried again in time. */
  #expire(): void {
    const limit = this.#limit;
    if (limit === undefined) return;
    const now = performance.now();
    const isExpired = ({ queued }: BlockedRequest) => now - queued.since >= limit.ms;
    for (const list of [this.#untried, this.#line]) {
      for (const { queued, last } of list.filter(isExpired)) {
        this.#count -= 1;
        this.#options.onExpired(queued, limit.ms, waitedTooLong(limit, last));
      }
    }
    const isInTime = (one: BlockedRequest) => !isExpired(one);
    this.#untried = this.#untried.filter(isInTime);
    this.#line = this.#line.filter(isInTime);
  }

  #takeGroup(list: BlockedRequest[]): readonly BlockedRequest[] {
    const room = new BatchRoom({ ...this.#options.batch, maxRequests: this.#groupSize });
    const end = list.findIndex(({ queued: { request } }) => {
      if (!room.fits(request)) return true;
      room.take(request);
      return false;
    });
    return list.splice(0, end === -1 ? list.length : end);
  }

  async #try(group: readonly BlockedRequest[], tryMs: number): Promise<void> {
    const { send, batch, onSettled } = this.#options;
    const requests = group.map(({ queued }) => queued.request);
    const isAlone = group.length === 1;
    const results = await send(requests, tryMs);
    const apart: BlockedRequest[] = [];
    let isBlocked = false;
    for (const [index, one] of group.entries()) {
      const result = results[index]!;
      if (result === 'retry-alone') {
        apart.push(one);
      } else if ('blocked' in result) {
        isBlocked = true;
        const lostConnection = one.last.lostConnection === true || result.lostConnection === true;
        (isAlone ? this.#line : apart).push({ queued: one.queued, last: { ...result, lostConnection } });
      } else {
        this.#count -= 1;
        onSettled(one.queued, result);
      }
    }
    this.#groupSize = isBlocked || apart.length > 0 ? 1 : Math.min(2 * group.length, batch.maxRequests);
    this.#untried.unshift(...apart);
    if (this.#untried.length + this.#line.length > 0) this.#startWorkers();
  }

  /** The time that a request may still wait, or less. */
  #leftOf([one]: readonly BlockedRequest[]): number {
    const left =
      this.#limit === undefined || one === undefined
        ? LONGEST_TRY_MS
        : this.#limit.ms - (performance.now() - one.queued.since);
    return Math.ceil(Math.min(UNDISTURBED_TRY_MS, Math.max(SHORTEST_TRY_MS, left)));
  }

  /** How long requests wait that were tried before: the more are blocked, the shorter. */
  #tryMs(group: readonly BlockedRequest[]): number {
    if (group.length > 1) return SHORTEST_TRY_MS;
    if (this.#count < this.#options.slots.size) return this.#leftOf(group);
    const share = (this.#options.slots.size * ROUND_MS) / this.#count;
    return Math.round(Math.min(LONGEST_TRY_MS, Math.max(SHORTEST_TRY_MS, share)));
  }
}
