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
   * @returns false when the lease is somebody else's, or the checkpoint is not where the batch begins. Nothing was
   * written then.
   * @throws BatchFailure when it could not be applied. Whether it was is unknown only if the connection broke.
   */
  apply(batch: Batch, lease: HeldLease): Promise<boolean>;

  /** Drops whatever it remembers of the read model. To be called whenever a batch was not applied. */
  forget(): void;
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
