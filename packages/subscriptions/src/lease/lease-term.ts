import type { ParkingChanges } from '../sql/parking-change.ts';
import type { HeldLease } from '../sql/leases.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/** What the database granted. */
export interface GrantedLease {
  /** @default 1 */
  readonly slices?: number | undefined;
  /** The process that took the lease. */
  readonly owner: string;
  readonly epoch: number;
  /** Where the checkpoint was when the lease was taken. */
  readonly position: number;
  /** Whether the subscription had ever reached the high-water mark. */
  readonly caughtUp: boolean;
  readonly leaseMs: number;
  /** Milliseconds in which the subscription may not be made inline again. @default 0 */
  readonly demotedMs?: number | undefined;
}

/** The time during which this process holds the lease of one subscription: from taking it to losing it. */
export class LeaseTerm implements HeldLease {
  readonly name: string;
  readonly version: number;
  readonly slice: number;
  /** Into how many slices the events are divided during this term. */
  readonly slices: number;
  /** Increases with each term of any process. What is written with an older epoch is rolled back. */
  readonly epoch: number;
  readonly owner: string;
  /** Set each time the log was seen to have what the term has read: nothing is written in another lineage. */
  lineage: string | undefined;
  /** Where the checkpoint was when the term began. */
  readonly position: number;
  /** Whether the subscription had caught up when the term began. */
  readonly caughtUp: boolean;
  readonly leaseMs: number;
  /** What the term's batches do with parked keys. */
  parking: ParkingChanges | undefined;
  readonly #promotableAt: number;
  readonly #ended = new AbortController();
  readonly #leaving = new AbortController();
  #whyNot: () => Error | undefined = () => undefined;

  constructor(
    { name, version, slice }: SubscriptionKey,
    { slices = 1, owner, epoch, position, caughtUp, leaseMs, demotedMs = 0 }: GrantedLease,
  ) {
    this.name = name;
    this.version = version;
    this.slice = slice;
    this.slices = slices;
    this.epoch = epoch;
    this.owner = owner;
    this.position = position;
    this.caughtUp = caughtUp;
    this.leaseMs = leaseMs;
    this.#promotableAt = performance.now() + demotedMs;
  }

  /** Milliseconds until the subscription may be made inline; 0 when it may. */
  get demotedMs(): number {
    return Math.max(0, this.#promotableAt - performance.now());
  }

  /** @param whyNot called before each renewal: the lease is left to another process when it returns an error */
  renewUnless(whyNot: () => Error | undefined): void {
    this.#whyNot = whyNot;
  }

  /** Why the lease must not be renewed: without progress it is of no use to this process. */
  whyNotRenewed(): Error | undefined {
    return this.#whyNot();
  }

  /** Aborts when this process knows that the term is over. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Aborts when another process should have the lease, or {@link signal} does: no batch is begun after that. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  /** The batch that is being written ends; then the lease is handed over. */
  leave(): void {
    this.#leaving.abort();
  }

  /** @param reason what the statements of an unfinished batch fail with */
  end(reason?: unknown): void {
    this.#ended.abort(reason);
    this.leave();
  }
}
