import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Part of the time for which a busy event loop is at work, at least. */
const BUSY = 0.6;
/** Shortest time that is looked at, in milliseconds. */
const LOOK_MS = 10;

type TimeOfLoop = Pick<EventLoopUtilization, 'active' | 'idle'>;

/** Whether the event loop of the process has time left. */
export class EventLoopLoad {
  readonly #now: () => TimeOfLoop;
  #last: TimeOfLoop;
  #isBusy = false;

  /** @param now for how many milliseconds the event loop was at work, and idle, until now */
  constructor(now: () => TimeOfLoop = () => performance.eventLoopUtilization()) {
    this.#now = now;
    this.#last = now();
  }

  /** Whether it was at work for most of the time that was looked at last. */
  get isBusy(): boolean {
    const now = this.#now();
    const active = now.active - this.#last.active;
    const passed = active + now.idle - this.#last.idle;
    if (passed < LOOK_MS) return this.#isBusy;
    this.#last = now;
    this.#isBusy = active > BUSY * passed;
    return this.#isBusy;
  }
}
