/** The argument of a supervisor, on its command line. */
export interface SupervisorOptions {
  /** A folder that is removed with its content when the supervisor ends. It may not exist yet. */
  readonly remove: string;
  /** How the program is stopped when the process that started the supervisor has ended. */
  readonly atEnd: StopSteps;
  /** Windows has no signals; `pg_ctl kill` delivers them there. */
  readonly pgCtl: string | undefined;
}

/** Signals that are sent one after another until the program has ended, and how long to wait after each. */
export type StopSteps = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

/** A program to run: its user, its working directory, and the file for its output. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly log: string;
  /** Written to its standard input, which is empty without it. */
  readonly input?: string;
}

/**
 * One line on the supervisor's standard input. At the end of input the supervisor stops the program, removes the
 * folder and exits.
 */
export type SupervisorCommand = { readonly run: Program } | { readonly stop: StopSteps };

/** One line on the supervisor's standard output. */
export type SupervisorReport =
  | { readonly started: number }
  | { readonly failed: string }
  | { readonly exited: number | null };
