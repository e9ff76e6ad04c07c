import type { RecordedEvent } from '@leftfold/core';
import type { HeldLease } from '../sql/leases.ts';

/** A part of the log for one projection: the events it reads, and from where to where they reach. */
export interface PageToApply {
  /** Position that the page begins behind. */
  readonly from: number;
  /** Position up to which it reaches: at or behind the last event. */
  readonly to: number;
  readonly events: readonly RecordedEvent[];
}

/** Applies batches to one read model, each in one transaction with the checkpoint. */
export interface BatchApplier {
  /**
   * Does what can be done without writing. The batch before may still be on its way: what it writes is taken for
   * written.
   *
   * @throws BatchFailure when it cannot be applied.
   */
  prepare(page: PageToApply): Promise<PreparedBatch>;

  /** Drops whatever it remembers of the read model. To be called whenever a batch was not applied. */
  forget(): void;
}

/** A batch that is ready to be written, behind the one that was written before it. */
export interface PreparedBatch {
  /** Position of the checkpoint after it. */
  readonly to: number;
  readonly eventCount: number;
  /** Whether another page may be prepared before this is written: the batch that comes of it has both. */
  readonly grows: boolean;

  /**
   * @returns false when the lease is somebody else's, or the checkpoint is not where the batch begins. Nothing was
   * written then.
   * @throws BatchFailure when it could not be written. Whether it was is unknown only if the connection broke.
   */
  write(lease: HeldLease): Promise<boolean>;
}

/** What is known of a batch that failed. */
export interface FailedBatch {
  readonly eventCount: number;
  readonly firstEvent: RecordedEvent | undefined;
  /** The event that was being applied, and how many were before it; undefined when that is not known. */
  readonly failing: { readonly event: RecordedEvent; readonly before: number } | undefined;
}

/** A batch failed. Internal: says which, and at which event, where that is known. */
export class BatchFailure extends Error {
  readonly batch: FailedBatch;

  constructor(cause: unknown, batch: FailedBatch) {
    super('a batch could not be applied', { cause });
    this.batch = batch;
  }
}
