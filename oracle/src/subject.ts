import type { Fault } from './faults/fault.ts';
import type { RestartedProcess } from './process/restarted-process.ts';

/** What a run is asked to do. */
export interface RunOptions {
  /** How long it runs, at most. */
  readonly seconds: number;
  /** Pairs of a write and a read after which it ends; undefined for no such end. */
  readonly pairs: number | undefined;
  /** Events that the log has at the beginning; undefined for as many as suit the time. */
  readonly history: number | undefined;
  readonly seed: number;
  /** The protection that is taken away; undefined for none. */
  readonly control: Control | undefined;
  /** One of those that the subject has; undefined when it has none. */
  readonly transport: string | undefined;
  /** Processes that append. */
  readonly processes: number;
}

/** Where a subject runs: an empty PostgreSQL of its own. */
export interface Ground {
  readonly options: RunOptions;
  /** For journals. Removed at the end. */
  readonly folder: string;
  readonly connectionString: string;
  /** To the same database by way of a network that is cut, stalls and loses answers. */
  readonly unreliableConnectionString: string;
}

/** Something that must not have happened. */
export interface Violation {
  /** What it is about, in one word of the subject's: `reader`, `append` … */
  readonly kind: string;
  readonly text: string;
}

/** A protection that can be taken away: the run must then find violations. */
export interface Control {
  /** What is taken away, as on the command line. */
  readonly name: string;
  /** What is changed, as a clause: `readers ignore the high-water mark`. */
  readonly change: string;
  /** The kind of violation that must be found then. */
  readonly mustFind: string;
}

/** A part of Leftfold that the oracle tests. */
export interface Subject {
  /** As on the command line. */
  readonly name: string;
  /** What is done and compared, for `--help`: a sentence without its full stop. */
  readonly description: string;
  /** What holds when nothing is wrong: a sentence. */
  readonly holds: string;
  /** Processes that append, unless the command line says how many. */
  readonly processes: number;
  /** Whether its run can end after a number of pairs of a write and a read. */
  readonly makesPairs?: boolean;
  /** Whether its log can begin with a number of events. */
  readonly takesHistory?: boolean;
  /** What messages can be carried by; the first one is the default. */
  readonly transports?: readonly [string, ...string[]];
  /** The first one is the default. */
  readonly controls: readonly [Control, ...Control[]];
  /** Sets everything up and starts the processes. */
  start(ground: Ground): Promise<Trial>;
}

/** A subject that runs. */
export interface Trial extends AsyncDisposable {
  /** Those that faults kill and pause. */
  readonly processes: readonly RestartedProcess[];
  /** Faults of this subject, beside those that every subject gets. */
  readonly faults: readonly Fault[];
  /** How much rarer all faults are. @default 1 */
  readonly pace?: number;
  /** Whether it has done all that it has to do. */
  readonly isDone?: () => boolean;
  /** How far it is, in a few words. May reject while the database is down. */
  progress(): Promise<string>;
  /** Called when the faults have ended: lets the processes come to their end, and compares. */
  finish(): Promise<Findings>;
}

export interface Findings {
  readonly violations: readonly Violation[];
  /** Lines about what was done. */
  readonly summary: readonly string[];
}
