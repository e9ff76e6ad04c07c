import type { LeaseTerm } from '@leftfold/subscriptions';
import { within } from '@leftfold/postgres';
import { readDueDeadlines } from '../sql/deadlines.ts';
import { DeadlineFires, type DeadlineFiresOptions } from './deadline-fires.ts';
import { pauseUntil, type WakeUp } from './wake-up.ts';

/** Deadlines that are fired side by side. */
const AT_ONCE = 100;
/** Longest time without a look: a deadline that another process has recorded is seen after it. */
const LOOK_MS = 2_000;
/** Until the next look, of deadlines that are being fired: one that is slow delays others by no more. */
const SLOW_MS = 50;

export interface FireDeadlinesOptions extends DeadlineFiresOptions {
  /** Woken when deadlines were recorded. */
  readonly recorded: WakeUp;
}

/**
 * Records the deadlines of a slice that are due as inputs of their instances, until the signal aborts. Only the clock of the
 * database counts. One that is slow, or fails and is tried again later, holds up those of its own instance only, which are
 * fired in the order of their due times.
 *
 * @throws what a statement throws
 */
export async function fireDeadlines(
  options: FireDeadlinesOptions,
  term: LeaseTerm,
  signal: AbortSignal,
): Promise<void> {
  const { store, versions, recorded } = options;
  const { slice, slices } = term;
  const look = () => readDueDeadlines(store, versions.name, { slice, slices, most: AT_ONCE });
  const fires = new DeadlineFires(options, term, signal);
  try {
    while (!signal.aborted) {
      const ends = [recorded.next, fires.nextEnd, signal];
      await fires.settle();
      let nextMs = LOOK_MS;
      // What is being fired is still due for the look, so with fewer than are read there is a place for each other one.
      if (fires.size < AT_ONCE) {
        const found = await store.loops.background.during(look);
        const due = found.filter(({ id, dueInMs }) => dueInMs <= 0 && !fires.has(id));
        const begun = due.slice(0, AT_ONCE - fires.size).map((deadline) => fires.begin(deadline));
        if (begun.length > 0) {
          await within(Promise.all(begun), { limitMs: SLOW_MS, late: () => {} });
          continue;
        }
        nextMs = found.find(({ dueInMs }) => dueInMs > 0)?.dueInMs ?? LOOK_MS;
      }
      // A timer may end a little early, by another clock: one millisecond more is cheaper than another look.
      await pauseUntil(Math.min(Math.ceil(nextMs) + 1, LOOK_MS), ends);
    }
  } finally {
    await fires.stop();
  }
}
