import type { SubscriptionHandler } from '../handler/subscription-handler.ts';
import type { LeaseTerm } from '../lease/lease-term.ts';
import type { ParkingLedger } from '../parking/parking-ledger.ts';
import type { BatchSize } from './batch-size.ts';
import type { EventLoopRests } from './event-loop-rests.ts';
import type { Pace } from './pace.ts';

/** What a process knows about a subscription during one lease term. */
export interface TermProgress {
  readonly term: LeaseTerm;
  readonly handler: SubscriptionHandler;
  readonly size: BatchSize;
  /** Undefined for a handler without a limit. */
  readonly pace: Pace | undefined;
  /** Undefined for a handler that does not yield. */
  readonly rests: EventLoopRests | undefined;
  /** Aborts when the runner stops or the term is over. */
  readonly signal: AbortSignal;
  /** The store's era when the term began: nothing of the term holds in a later one. */
  readonly era: number;
  /** The keys whose events are set aside. Read anew after each batch that was not written. */
  parking: ParkingLedger;
  /** Where the checkpoint is, as far as is known. */
  position: number;
  /** The end of the log, as far as is known. */
  mark: number;
  /** Set while the number of slices changes: the slice goes no further. */
  until: number | undefined;
  /** Whether it is recorded that the subscription has reached the high-water mark. */
  caughtUp: boolean;
  /** Whether a batch is being written now. */
  writing: boolean;
  /**
   * When the subscription last advanced, had nothing to do, or failed at an event, which ends it or is mended after a few
   * attempts. By `performance.now()`.
   */
  advancedAt: number;
  /** How many requests of it wait for a slot, see `takeSlot`. */
  waiting: number;
  /** Whether it waits for events, all others being processed. */
  idle: boolean;
  /** What went wrong since it last advanced, in words. */
  lastFailure: string | undefined;
  /** How often in a row the last remaining event of a failing batch has failed. */
  failures: number;
  /** How often in a row the database was the cause of a failure. */
  outages: number;
}
