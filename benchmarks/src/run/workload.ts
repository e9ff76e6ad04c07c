import type { DatabaseServer } from '../server/database-server.ts';
import type { Pace } from './pace.ts';

/** The figures of one repetition by name. A name ends with the unit: `p50Ms`, `eventsPerSecond`, `rssMb`. */
export type Figures = Readonly<Record<string, number>>;

/** A program that is measured, of Leftfold, of SQL by hand or of a peer. */
export interface Workload {
  /** Prefix of the names of its figures, such as `append.64.leftfold`. */
  readonly name: string;
  /** For a workload that takes long: it is measured once, without a first repetition that is not counted. */
  readonly once?: boolean;
  setup(bench: Bench): Promise<PreparedWorkload>;
}

/** The environment of a workload. */
export interface Bench {
  readonly server: DatabaseServer;
  /** A server with the settings of its package; undefined when the run may not use one. */
  readonly stockServer: DatabaseServer | undefined;
  readonly pace: Pace;
  /** Prints a line of progress. */
  readonly say: (line: string) => void;
}

export interface PreparedWorkload {
  /** Figures that were measured once, during setup. */
  readonly facts?: Figures;
  /** Runs one repetition. Each repetition begins from the same state. */
  run(pace: Pace): Promise<Figures>;
  teardown(): Promise<void>;
}

/** Workloads that are compared with each other: their repetitions alternate. */
export type Group = readonly Workload[];

/** A peer's workload cannot run on this machine. The report contains the message. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
