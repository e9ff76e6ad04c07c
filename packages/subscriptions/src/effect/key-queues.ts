import type { RecordedEvent } from '@leftfold/core';

/** The events of one key that a batch has, in order, and how far they are processed. */
export interface KeyQueue {
  readonly key: string;
  readonly events: readonly RecordedEvent[];
  /** How many of the events are processed. */
  done: number;
  /** Why the next one is not. */
  failure: { readonly cause: unknown; readonly attempts: number } | undefined;
}

/** Divides events by their keys, in the order of the first event of each. */
export function toKeyQueues(
  events: readonly RecordedEvent[],
  keyOf: (event: RecordedEvent) => string,
): readonly KeyQueue[] {
  const byKey = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    const ofKey = byKey.get(key);
    if (ofKey === undefined) byKey.set(key, [event]);
    else ofKey.push(event);
  }
  return [...byKey].map(([key, ofKey]) => ({ key, events: ofKey, done: 0, failure: undefined }));
}

/** Positions that are not processed, or not for all events that are read at them. */
export function unprocessed({ events, done }: KeyQueue): readonly number[] {
  return [...new Set(events.slice(done).map(({ position }) => position))];
}
