import type { DatabaseServer } from '../server/database-server.ts';
import type { Pace } from './pace.ts';

/** What one repetition measured, by name; the name ends with the unit: `p50Ms`, `eventsPerSecond`, `rssMb`. */
export type Figures = Readonly<Record<string, number>>;

/** One thing that is measured, of ours or of somebody else. */
export interface Workload {
  /** `append.64.leftfold`: the figures' names begin with it. */
  readonly name: string;
  /** Begins from nothing by itself and takes long: measured once, without a repetition that is not counted. */
  readonly once?: boolean;
  setup(bench: Bench): Promise<PreparedWorkload>;
}

/** What a workload has to work with. */
export interface Bench {
  readonly server: DatabaseServer;
  readonly pace: Pace;
  /** Shows a line of progress. */
  readonly say: (line: string) => void;
}

export interface PreparedWorkload {
  /** What was measured once, while preparing. */
  readonly facts?: Figures;
  /** One repetition. Each begins from the same state. */
  run(pace: Pace): Promise<Figures>;
  teardown(): Promise<void>;
}

/** Workloads that are compared with each other: their repetitions alternate. */
export type Group = readonly Workload[];

/** A workload cannot run here, through no fault of ours: the report says why. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}
