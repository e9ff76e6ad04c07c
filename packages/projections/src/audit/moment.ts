import { InvalidArgumentError } from '@leftfold/core';
import { assertGiven, assertInstant, assertWhole, type OptionNames } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { readFirstFrom } from '../sql/events-at.ts';

/** A moment of the log. */
export type Moment =
  | { readonly position: number; readonly time?: undefined }
  | {
      /**
       * Up to the last event that was recorded by then, by the database's clock. Events of concurrent appends can be recorded
       * out of the order of their positions, by milliseconds.
       */
      readonly time: Date;
      readonly position?: undefined;
    };

const momentNames: OptionNames<Moment> = { position: true, time: true };

/** @throws InvalidArgumentError */
export function assertMoment(moment: Moment): void {
  assertGiven('moment', moment, momentNames);
  assertWhole('position', moment.position);
  assertInstant('time', moment.time);
  if ((moment.position === undefined) === (moment.time === undefined))
    throw new InvalidArgumentError('moment', 'takes a position or a time');
}

/**
 * The position of the log at a moment.
 *
 * @throws InvalidArgumentError for a position that the log does not have yet; a time that has not come yet is that of the end
 *
 * SQL: for a time, one index lookup for each halving of the log.
 */
export async function positionAt(store: PostgresEventStore, { position, time }: Moment): Promise<number> {
  const mark = await store.highWaterMark();
  if (time === undefined) {
    if (position <= mark) return position;
    throw new InvalidArgumentError('position', `is beyond the end of the log, which is at ${mark}`);
  }
  // Everything up to `low` was recorded by then, and what follows `high` was not.
  let low = 0;
  let high = mark;
  while (low < high) {
    const middle = low + Math.ceil((high - low) / 2);
    const found = await readFirstFrom(store, middle);
    const isLater = found === undefined || found.position > high || found.recordedAt > time;
    if (isLater) high = middle - 1;
    else low = found.position;
  }
  return low;
}
