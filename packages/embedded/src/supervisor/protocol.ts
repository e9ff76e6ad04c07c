/** What a supervisor is told once, on its command line. */
export interface SupervisorOptions {
  /** Removed when the supervisor ends, with everything in it; may not exist yet. */
  readonly remove: string;
  /** How a program is stopped when the process that started the supervisor is gone. */
  readonly atEnd: StopSteps;
  /** Windows has no signals: there, `pg_ctl kill` delivers them. */
  readonly pgCtl: string | undefined;
}

/** Signals to send one after the other until the program has ended, and how long to wait after each. */
export type StopSteps = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

/** A program to run, as whom, where, and the file that gets its output. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly log: string;
}

/** One line on the supervisor's standard input. The end of input means: stop, remove, exit. */
export type SupervisorCommand = { readonly run: Program } | { readonly stop: StopSteps };

/** One line on the supervisor's standard output. */
export type SupervisorReport =
  | { readonly started: number }
  | { readonly failed: string }
  | { readonly exited: number | null };
