import type { RecordedEvent } from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';

const DIGITS = 16;

/**
 * The place of an event in its log, as text that sorts as the log does: `0000000000004711`. Of an event that is one of
 * several that a stored one is read as, with its index: `0000000000004711.002`.
 */
export function sequenceOf({ position, readFrom }: Pick<RecordedEvent, 'position' | 'readFrom'>): string {
  const isOnly = readFrom === undefined || readFrom.count === 1;
  return sequenceAt({ position, index: isOnly ? undefined : readFrom.index });
}

/** The sequence of the event of a place; of several that a stored one is read as, that of the first, unless it is named. */
export function sequenceAt({ position, index }: Pick<EventPlace, 'position' | 'index'>): string {
  const place = String(position).padStart(DIGITS, '0');
  return index === undefined ? place : `${place}.${String(index).padStart(3, '0')}`;
}

/** The lowest sequence of an event after a position. */
export function firstSequenceAfter(position: number): string {
  return String(position + 1).padStart(DIGITS, '0');
}

/** What {@link sequenceOf} makes. */
export const sequenceForm: RegExp = /^[0-9]{16}(\.[0-9]{3,16})?$/;
