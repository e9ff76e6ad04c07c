import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { pause } from '@leftfold/postgres';

/**
 * Part of the time for which the event loop of a process may be at work. Beyond that, what yields rests: for two thirds of
 * the time since its last rest at most, so that it has a third of an event loop that is never idle.
 */
const MOST_BUSY = 0.6;
/**
 * What is as near to the end of the log does not rest: while events arrive quickly, it would reach the end late or never,
 * and what follows the end, as the switch of a rebuild, is waited for.
 */
const HURRIED_POSITIONS = 10_000;
/** Longest time that is rested from: what was not rested from before, near the end, is not made up for. */
const LONGEST_WORK_MS = 10_000;
/** Work of less time is put together with the next one: a timer has a resolution of a millisecond. */
const SHORTEST_WORK_MS = 10;

type TimeOfLoop = Pick<EventLoopUtilization, 'active' | 'idle'>;

/**
 * Rests between parts of long work, so that other work of the process goes first: the busier the event loop is, the
 * longer. A machine without free processors makes it look busier, and the rests longer.
 */
export class EventLoopRests {
  readonly #now: () => TimeOfLoop;
  #last: TimeOfLoop;

  /** @param now for how many milliseconds the event loop was at work, and idle, until now */
  constructor(now: () => TimeOfLoop = () => performance.eventLoopUtilization()) {
    this.#now = now;
    this.#last = now();
  }

  /**
   * Rests from the work since the last call.
   *
   * @param remaining positions up to the end of the log, as far as is known
   */
  async rest(remaining: number, signal: AbortSignal): Promise<void> {
    const restMs = this.restMs(remaining);
    if (restMs > 0) await pause(restMs, signal);
  }

  /** How long to rest from the work since the last call, in milliseconds. */
  restMs(remaining: number): number {
    const now = this.#now();
    const active = now.active - this.#last.active;
    const passed = active + now.idle - this.#last.idle;
    const isHurried = remaining <= HURRIED_POSITIONS;
    if (passed < SHORTEST_WORK_MS && !isHurried) return 0;
    this.#last = now;
    if (isHurried) return 0;
    const part = Math.min(1, LONGEST_WORK_MS / passed);
    return Math.max(0, Math.round((active / MOST_BUSY - passed) * part));
  }
}
