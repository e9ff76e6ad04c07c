import type { Journal } from '../../journal.ts';
import type { Random } from '../../random.ts';

/** Where a process that relays is killed. */
export const relayCrashes = [
  'before the publish',
  'after the publish, before it is confirmed',
  'after the confirmation, before the checkpoint',
  'after the checkpoint',
] as const;

/** Where a process that consumes is killed. */
export const consumerCrashes = [
  'before the transaction',
  'in the transaction',
  'after the commit, before the acknowledgement',
] as const;

export interface CrashOptions<TPoint extends string> {
  readonly points: readonly TPoint[];
  /** Which of them is the first one, from 0 up to 1: other processes begin with others. */
  readonly first: number;
  readonly random: Random;
  readonly journal: Journal;
  /** The points at which this process was killed before it was started again. */
  readonly before: readonly string[];
  /** The shortest and the longest time for which it lives beside that which it took to start. */
  readonly afterMs: readonly [least: number, most: number];
}

/** Kills this process at a point where it has done one thing and not yet the next: the one where it was killed least often. */
export class CrashPoints<TPoint extends string> {
  readonly #journal: Journal;
  readonly #random: Random;
  readonly #point: TPoint;
  readonly #timer: NodeJS.Timeout;
  #isDue = false;

  constructor({ points, first, random, journal, before, afterMs }: CrashOptions<TPoint>) {
    this.#journal = journal;
    this.#random = random;
    const times = (point: TPoint) => before.filter((one) => one === point).length;
    const from = Math.floor(first * points.length);
    const inTurn = [...points.slice(from), ...points.slice(0, from)];
    this.#point = inTurn.reduce((chosen, point) => (times(point) < times(chosen) ? point : chosen));
    const arm = () => {
      this.#isDue = true;
    };
    // On a busy machine processes would do little else than start.
    this.#timer = setTimeout(arm, performance.now() + random.between(...afterMs));
  }

  /** The process passes a point, and may end there. */
  pass(point: TPoint): void {
    if (!this.#isDue || point !== this.#point) return;
    this.#journal.write('killed', point);
    process.kill(process.pid, 'SIGKILL');
  }

  /** The process may end while something is under way: a moment after it was begun, if it has not ended by then. */
  passDuring(point: TPoint, work: Promise<unknown>): void {
    if (!this.#isDue || point !== this.#point) return;
    const timer = setTimeout(() => this.pass(point), this.#random.between(0, 4));
    const isOver = () => clearTimeout(timer);
    work.then(isOver, isOver);
  }

  /** From now on the process does not end here. */
  leaveOut(): void {
    clearTimeout(this.#timer);
    this.#isDue = false;
  }
}
