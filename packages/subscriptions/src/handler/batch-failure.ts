import type { RecordedEvent } from '@leftfold/core';
import { readable } from '@leftfold/core/input';

/** What is known about a batch that failed. */
export interface FailedBatch {
  /** Stored events, see `storedCountOf`. */
  readonly eventCount: number;
  readonly firstEvent: RecordedEvent | undefined;
  /** The event that was being processed, and how many stored ones of the batch came before it; undefined when that is unknown. */
  readonly failing: { readonly event: RecordedEvent; readonly before: number } | undefined;
}

/**
 * Thrown by a handler to name the event that it cannot process, with the error as its cause. After any other error the
 * runner finds the event by applying smaller batches.
 */
export class BatchFailure extends Error {
  // Private: a tracing message or a log that shows this error must not show event data.
  readonly #batch: FailedBatch;

  constructor(cause: unknown, batch: FailedBatch) {
    super('a batch of events could not be processed', { cause: readable(cause) });
    this.#batch = batch;
  }

  get batch(): FailedBatch {
    return this.#batch;
  }
}
