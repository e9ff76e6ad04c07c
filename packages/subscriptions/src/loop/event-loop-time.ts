import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Part of the time for which an event loop may be at work before other work of the process has to wait for it. */
export const MOST_BUSY = 0.6;

export type TimeOfLoop = Pick<EventLoopUtilization, 'active' | 'idle'>;

/** For how many milliseconds the event loop was at work, and how many passed. */
export interface LoopSpan {
  readonly active: number;
  readonly passed: number;
}

/** Looks at the event loop of the process, from one time to the next. */
export class EventLoopTime {
  readonly #now: () => TimeOfLoop;
  #last: TimeOfLoop;

  /** @param now for how many milliseconds the event loop was at work, and idle, until now */
  constructor(now: () => TimeOfLoop = () => performance.eventLoopUtilization()) {
    this.#now = now;
    this.#last = now();
  }

  /** The time since the last span. @returns undefined when it is shorter than `leastMs`: it counts for the next one */
  span(leastMs: number): LoopSpan | undefined {
    const now = this.#now();
    const active = now.active - this.#last.active;
    const passed = active + now.idle - this.#last.idle;
    if (passed < leastMs) return undefined;
    this.#last = now;
    return { active, passed };
  }
}
