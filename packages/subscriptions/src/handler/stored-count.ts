import type { RecordedEvent } from '@leftfold/core';

/**
 * How many stored events these are read from, in the order of the log: a stored event of a retired type may be read as
 * several. The sizes of pages and batches count stored events.
 *
 * @param before counts only those before the stored event that this one is read from. @default all
 */
export function storedCountOf(events: readonly RecordedEvent[], before?: RecordedEvent): number {
  let count = 0;
  let last = 0;
  for (const { position } of events) {
    if (position === before?.position) return count;
    if (position !== last) count += 1;
    last = position;
  }
  return count;
}
