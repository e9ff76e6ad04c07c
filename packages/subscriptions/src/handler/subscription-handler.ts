import type { RecordedEvent } from '@leftfold/core';

/** A part of the log: the events that a subscription reads, and the range of positions that they were read from. */
export interface SubscriptionPage {
  /** The page has the events after this position. */
  readonly from: number;
  /** The page has the events up to this position; it may be higher than that of the last event. */
  readonly to: number;
  readonly events: readonly RecordedEvent[];
  /**
   * Whether an event is processed for one of its keys now; the key is one of those that `keysOf` of the definition
   * returns. For a handler whose events can have several keys: of those, some may be parked.
   *
   * @default for each key of each event
   */
  readonly includes?: ((event: RecordedEvent, key: string) => boolean) | undefined;
  /** Of parked keys whose events these are: where each failed last, and how often. @default none has failed */
  readonly failedBefore?:
    | ReadonlyMap<string, { readonly position: number; readonly attempts: number }>
    | undefined;
}

/**
 * Processes the events of one subscription, for as long as this process holds the lease. Each batch is written in one
 * transaction with the move of the checkpoint from the batch's beginning to its end, so that its effects in this
 * database happen exactly once.
 */
export interface SubscriptionHandler {
  /** Most events in a second. @default no limit */
  readonly eventsPerSecond?: number | undefined;

  /** Whether other statements of the process go first: the handler rests while its event loop is busy. @default false */
  readonly yields?: boolean | undefined;

  /**
   * True when `prepare` and `write` wait for nothing but one connection of the store's pool at a time. The subscriptions
   * of a process then take turns with half of the pool, so that the app finds connections however many they are.
   *
   * @default false
   */
  readonly waitsForDatabaseOnly?: boolean | undefined;

  /**
   * Does what can be done without writing. The batch before this one may still be being written; a handler that keeps
   * state in memory assumes that it succeeds.
   *
   * Not called for a page without events at the end of the log: the engine moves the checkpoint, with those of others.
   *
   * @throws BatchFailure to name the event that cannot be processed
   */
  prepare(page: SubscriptionPage): Promise<PreparedBatch>;

  /** Discards what the handler keeps in memory. Called each time after a prepared batch was not written. */
  forget?(): void;
}

/** A batch that is ready to be written after the one before it. */
export interface PreparedBatch {
  /** Position of the checkpoint after the batch. */
  readonly to: number;
  /** Stored events, see `storedCountOf`. */
  readonly eventCount: number;
  /** Whether another page may be prepared before this batch is written: the next batch then contains both. */
  readonly grows: boolean;

  /**
   * Writes the batch and moves the checkpoint, in one transaction.
   *
   * @returns false when another process has the lease, or the checkpoint is not where the batch begins. Nothing was
   * written then.
   * @throws BatchFailure to name the event that cannot be processed. After an error nothing was written, unless the
   * connection broke: then it is unknown.
   */
  write(): Promise<boolean>;
}
