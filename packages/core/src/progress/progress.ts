/** How far something is that takes long: a rebuild, a check of the log, the start of an app. */
export interface Progress {
  /** What is done: positions of the log, or pages of tables while rows are compared. */
  readonly done: number;
  /** What `done` is at the end, as far as that is known now: a log can grow meanwhile. */
  readonly total: number;
  /** How much is done in a second, since it began; undefined while nothing is known of that. */
  readonly perSecond: number | undefined;
  /** Seconds until the end at that speed; undefined while it is not known. */
  readonly secondsLeft: number | undefined;
}

/** @param perSecond undefined, or more than 0 */
export function toProgress(done: number, total: number, perSecond: number | undefined): Progress {
  const secondsLeft = perSecond === undefined ? undefined : Math.max(0, total - done) / perSecond;
  return { done, total, perSecond, secondsLeft };
}

/** Measures the speed of something from its beginning on. */
export class ProgressMeter {
  readonly #now: () => number;
  readonly #began: number;
  #from: number | undefined;

  /**
   * @param now a clock, in milliseconds
   * @param from what was done before. @default what is done at the first call of {@link at}
   */
  constructor(now: () => number, from?: number) {
    this.#now = now;
    this.#began = now();
    this.#from = from;
  }

  at(done: number, total: number): Progress {
    this.#from ??= done;
    const [moved, seconds] = [done - this.#from, (this.#now() - this.#began) / 1_000];
    return toProgress(done, total, moved > 0 && seconds > 0 ? moved / seconds : undefined);
  }
}
