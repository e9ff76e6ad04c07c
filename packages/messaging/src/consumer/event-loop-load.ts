import { EventLoopTime, MOST_BUSY, type TimeOfLoop } from '@leftfold/subscriptions';

/** Shortest time that is looked at, in milliseconds. */
const LOOK_MS = 10;

/** Whether the event loop of the process has time left. */
export class EventLoopLoad {
  readonly #time: EventLoopTime;
  #isBusy = false;

  /** @param now for how many milliseconds the event loop was at work, and idle, until now */
  constructor(now?: () => TimeOfLoop) {
    this.#time = new EventLoopTime(now);
  }

  /** Whether it was at work for most of the time that was looked at last. */
  get isBusy(): boolean {
    const span = this.#time.span(LOOK_MS);
    if (span !== undefined) this.#isBusy = span.active > MOST_BUSY * span.passed;
    return this.#isBusy;
  }
}
