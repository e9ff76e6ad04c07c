import { pause } from '@leftfold/postgres';

/** Part of a second whose events are a page. */
const PAGE_SECONDS = 0.25;

/** Keeps a handler to a number of events in a second. */
export class Pace {
  /** Most events of a page. */
  readonly pageSize: number;
  readonly #msPerEvent: number;
  #readyAt = 0;

  constructor(eventsPerSecond: number) {
    this.pageSize = Math.max(1, Math.floor(eventsPerSecond * PAGE_SECONDS));
    this.#msPerEvent = 1_000 / eventsPerSecond;
  }

  /** Waits until as many events may be processed. */
  async take(events: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const waitMs = this.#readyAt - now;
    this.#readyAt = Math.max(now, this.#readyAt) + events * this.#msPerEvent;
    if (waitMs > 0) await pause(waitMs, signal);
  }
}
