import type { Random } from '../random.ts';

/** Something that breaks, again and again, while the oracle runs. */
export interface Fault {
  /** What is counted: `backends killed`. */
  readonly counted: string;
  /** The shortest and the longest time before each. */
  readonly everyMs: readonly [least: number, most: number];
  /** These times are shares of the run: the pace of a subject does not make them longer. @default false */
  readonly isShare?: boolean;
  /**
   * Breaks it once.
   *
   * @returns whether that happened: there may have been nothing to break. Rejects while the database is down.
   */
  readonly inject: (during: FaultRun) => Promise<boolean>;
}

/** What a fault may use. */
export interface FaultRun {
  readonly random: Random;
  /** Aborts when the faults have to end. */
  readonly signal: AbortSignal;
  /** Resolves after that time, or when the faults have to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
}
