import type { AnyEventGroup, OnFailure, ReactionStart, RecordedEvent, RetryPolicy } from '@leftfold/core';
import type { RawBuilder } from 'kysely';
import type { LeaseTerm } from '../lease/lease-term.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import type { KeyQueue } from './key-queues.ts';

/**
 * Something that is done outside of the database for the events of the log, such as a reaction: at least once for each
 * event, in the order of each key.
 */
export interface Effect extends SubscriptionRef {
  /** One word for messages, such as "reaction". */
  readonly kind: string;
  readonly events: readonly AnyEventGroup[];
  /** The event types that it reads. */
  readonly eventTypes: readonly string[];
  /** Source text of its functions. */
  readonly code: readonly string[];
  readonly slices: number;
  readonly start: ReactionStart;
  readonly onFailure: OnFailure;
  readonly retry: RetryPolicy;
  /** Keys that were set aside and whose events are processed at one time. */
  readonly keysAtOnce: number;
  /** Fewest events of a batch, while there are as many. */
  readonly leastBatch: number;
  /**
   * Whether a batch begins while those before it are not recorded yet, as soon as they call `goOn`. A crash then repeats
   * them too.
   *
   * @default false
   */
  readonly ahead?: boolean;

  /** Events with one key are processed one after another. */
  keyOf(event: RecordedEvent): string;

  /**
   * Processes the events of each queue in order: counts those that are done, and says why the next one is not. What it
   * leaves is set aside with the batch, and comes again. So do events of a batch that began ahead, behind one of their key
   * that is left, whether they are processed or not.
   *
   * @throws what is no event's fault: the batch is tried again as a whole
   */
  process(queues: readonly KeyQueue[], batch: EffectBatch): Promise<void>;

  /**
   * A call of an SQL function that records what was processed, in the statement that moves the checkpoint: only when that
   * does.
   *
   * @default nothing
   */
  recordOf?(queues: readonly KeyQueue[]): RawBuilder<unknown> | undefined;

  /** Called when what {@link recordOf} returned is committed. */
  recorded?(queues: readonly KeyQueue[]): void;

  /** Called, wherever that happens, when events of a key were given up. @default nothing */
  givenUp?(key: string): Promise<void>;

  /** See `beside` of a subscription's definition. */
  beside?(term: LeaseTerm, signal: AbortSignal): Promise<boolean>;
}

/** One batch of an effect. */
export interface EffectBatch {
  readonly term: LeaseTerm;
  /** Aborts when the term is over, or the runner stops. */
  readonly signal: AbortSignal;
  /** That of the log in which the events were read. */
  readonly lineage: string;
  /** The queues of the batches that began before this one and are not recorded yet, in order. */
  readonly before: readonly KeyQueue[];
  /** Tells that the next batch may begin. @default when this one has ended */
  readonly goOn: () => void;
  /** Whether the batch has taken so long that it should begin no further event. */
  readonly isLate: () => boolean;
  /** How often an event is tried with this attempt, from 1. */
  readonly attemptOf: (queue: KeyQueue, event: RecordedEvent) => number;
  /** Asks the database whether this process may still process the batch. */
  readonly mayProcess: () => Promise<boolean>;
}
