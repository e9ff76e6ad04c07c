import { pause } from '@leftfold/postgres';
import { EventLoopTime, MOST_BUSY, type TimeOfLoop } from './event-loop-time.ts';

/**
 * What is as near to the end of the log does not rest: while events arrive quickly, it would reach the end late or never,
 * and what follows the end, as the switch of a rebuild, is waited for.
 */
const HURRIED_POSITIONS = 10_000;
/** Longest time that is rested from: what was not rested from before, near the end, is not made up for. */
const LONGEST_WORK_MS = 10_000;
/** Work of less time is put together with the next one: a timer has a resolution of a millisecond. */
const SHORTEST_WORK_MS = 10;

/**
 * Rests between parts of long work, so that other work of the process goes first: while others have statements on their way,
 * the busier the event loop is, the longer, so that it is at work for {@link MOST_BUSY} of the time. It rests for two
 * thirds of the time since its last rest at most: it has a third of an event loop that is never idle. A machine without free
 * processors makes it look busier, and the rests longer.
 */
export class EventLoopRests {
  readonly #othersAtWork: () => boolean;
  readonly #time: EventLoopTime;
  #sawOthers = false;

  /**
   * @param othersAtWork whether the process has other work now
   * @param now for how many milliseconds the event loop was at work, and idle, until now
   */
  constructor(othersAtWork: () => boolean, now?: () => TimeOfLoop) {
    this.#othersAtWork = othersAtWork;
    this.#time = new EventLoopTime(now);
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
    const isHurried = remaining <= HURRIED_POSITIONS;
    this.#sawOthers ||= this.#othersAtWork();
    const span = this.#time.span(isHurried ? 0 : SHORTEST_WORK_MS);
    if (span === undefined) return 0;
    const sawOthers = this.#sawOthers;
    this.#sawOthers = false;
    if (isHurried || !sawOthers) return 0;
    const { active, passed } = span;
    const part = Math.min(1, LONGEST_WORK_MS / passed);
    return Math.max(0, Math.round((active / MOST_BUSY - passed) * part));
  }
}
