import type { RecordedEvent } from '@leftfold/core';
import type { HeldLease } from '../sql/leases.ts';

/** A part of the log for one projection: the events it reads, and from where to where they reach. */
export interface Batch {
  /** Position of the checkpoint before. */
  readonly from: number;
  /** Position of the checkpoint after: at or behind the last event. */
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
  prepare(batch: Batch): Promise<PreparedBatch>;

  /** Drops whatever it remembers of the read model. To be called whenever a batch was not applied. */
  forget(): void;
}

/** A batch that is ready to be written, behind the one that was prepared before it. */
export interface PreparedBatch {
  readonly batch: Batch;

  /**
   * @returns false when the lease is somebody else's, or the checkpoint is not where the batch begins. Nothing was
   * written then.
   * @throws BatchFailure when it could not be written. Whether it was is unknown only if the connection broke.
   */
  write(lease: HeldLease): Promise<boolean>;
}

/** A batch failed. Internal: says at which event, where that is known. */
export class BatchFailure extends Error {
  /** The event that was being applied. */
  readonly event: RecordedEvent | undefined;

  constructor(cause: unknown, event: RecordedEvent | undefined) {
    super('a batch could not be applied', { cause });
    this.event = event;
  }
}
