import { hash } from 'node:crypto';
import type { RecordedEvent } from '@leftfold/core';
import { BatchFailure } from '../handler/batch-failure.ts';
import type { SubscriptionPage } from '../handler/subscription-handler.ts';
import { type KeysOf, storedKey } from '../parking/keys-of.ts';

/** One slice of as many. */
export interface Slice {
  readonly slice: number;
  readonly slices: number;
}

/**
 * The slice of a key, by the first bytes of its SHA-256. It must never change: events would be in another slice than the
 * one that has processed them. `_slice_of` computes it for parked keys, too.
 */
export function sliceOf(key: string, slices: number): number {
  return Number.parseInt(hash('sha256', key).slice(0, 8), 16) % slices;
}

/** The same keys, without those of other slices. */
export function keysOfSlice(keysOf: KeysOf, { slice, slices }: Slice): KeysOf {
  if (slices === 1) return keysOf;
  return (event) => keysOf(event).filter((key) => sliceOf(key, slices) === slice);
}

/**
 * The events of a page that have a key in a slice, each to be processed for those of its keys alone.
 *
 * @param keysOf of the slice
 * @throws BatchFailure for an event whose keys cannot be found out
 */
export function pageOfSlice(
  page: SubscriptionPage,
  { slice, slices }: Slice,
  keysOf: KeysOf,
): SubscriptionPage {
  if (slices === 1) return page;
  const { events } = page;
  const hasKeys = (event: RecordedEvent, before: number) => {
    try {
      return keysOf(event).length > 0;
    } catch (error) {
      const failing = { event, before };
      throw new BatchFailure(error, { eventCount: events.length, firstEvent: events[0], failing });
    }
  };
  return {
    ...page,
    events: events.filter(hasKeys),
    includes: (_event, key) => sliceOf(storedKey(key), slices) === slice,
  };
}
