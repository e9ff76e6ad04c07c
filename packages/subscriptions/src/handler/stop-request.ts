import type { RecordedEvent } from '@leftfold/core';

/** Thrown by a handler of this package that has written its batch, and found that the subscription is to stop. */
export class StopRequest extends Error {
  readonly event: RecordedEvent;

  constructor(event: RecordedEvent, cause: unknown) {
    super('an event failed as often as it is tried', { cause });
    this.event = event;
  }
}
