import type { RecordedEvent } from '@leftfold/core';
import { isOperational } from '@leftfold/postgres';
import type { LoopOptions } from '../loop/loop-options.ts';
import { inSlot } from '../loop/background-slot.ts';
import { readAhead } from '../loop/read-ahead.ts';
import type { TermProgress } from '../loop/term-progress.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import type { FailedEvent } from './failure.ts';
import { pageOfSlice } from '../subscription/slice-of.ts';
import { readEventsAt } from './read-events-at.ts';
import { writeParking } from './write-parking.ts';

const PAGE = 1_000;

/**
 * Parks the keys of an event, and moves the checkpoint past it. Call it when every other event after the checkpoint up
 * to this one is of a parked key: those are set aside with it.
 *
 * @returns false when it cannot be parked: its keys are not known, or too many are parked. True also when another process
 * has the lease: the next batch finds that out
 * @throws what the database reports when its state is the cause
 */
export async function parkEvent(
  options: LoopOptions,
  subscription: Subscription,
  progress: TermProgress,
  failed: FailedEvent,
): Promise<boolean> {
  const { parking } = progress;
  const { position: to } = failed.event;
  if (parking.isFull) return false;
  try {
    const events = await setAsideBefore(options, subscription, progress, to);
    if (events === undefined) return false;
    const keys = parking.park(failed, events);
    if (keys === undefined) return false;
    await writeParking(options, subscription, progress, { to, failed, keys });
    return true;
  } catch (error) {
    if (isOperational(error)) throw error;
    return false;
  }
}

/** @returns the events that are read at the position; undefined when one before it is of no parked key */
async function setAsideBefore(
  { store }: LoopOptions,
  { definition: { eventTypes: types } }: Subscription,
  progress: TermProgress,
  to: number,
): Promise<readonly RecordedEvent[] | undefined> {
  const { parking, term, position: from } = progress;
  if (to - 1 > from) {
    const pages = readAhead(store, { after: from, upTo: to - 1, types, limit: () => PAGE, progress });
    for await (const { events, position } of pages) {
      const page = pageOfSlice({ from, to: position, events }, term, parking.keysOf);
      if (parking.divide(page).events.length > 0) return undefined;
    }
  }
  return readEventsAt(store, types, [to], { run: (work) => inSlot(store, progress, work) });
}
