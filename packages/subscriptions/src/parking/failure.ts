import type { RecordedEvent } from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import type { Failure } from '../sql/parking-change.ts';
import { storableMessage } from '../sql/storable-message.ts';

/** How an event failed, whatever its keys are. */
export interface FailedEvent extends Omit<Failure, 'key' | 'position' | 'type' | 'message'> {
  readonly event: RecordedEvent;
  readonly cause: unknown;
}

/** The failure of one key of an event. */
export function toFailure(key: string, { event, cause, release, attempts, retryMs }: FailedEvent): Failure {
  const message = storableMessage(thrownText(cause));
  return { key, position: event.position, type: event.type, message, release, attempts, retryMs };
}
