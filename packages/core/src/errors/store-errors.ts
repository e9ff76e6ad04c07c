import { LeftfoldError } from './leftfold-error.ts';

/**
 * The database cannot be reached, is shutting down, or ended the transaction, or too many calls of this process run or
 * wait. The same call may succeed later.
 */
export class StoreUnavailableError extends LeftfoldError {
  readonly code = 'STORE_UNAVAILABLE';
  readonly retryable = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What the call needs was closed or stopped before. It stays closed: create a new one. */
export class ClosedError extends LeftfoldError {
  readonly code = 'CLOSED';
  readonly retryable = false;

  /** @param what was closed, such as "the event store" */
  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is closed; make calls before closing it, or create a new one`, options);
  }
}

/** The database was migrated by a newer release or another build, or lacks a migration this release needs. */
export class SchemaMismatchError extends LeftfoldError {
  readonly code = 'SCHEMA_MISMATCH';
  readonly retryable = false;
  readonly installed: number;
  readonly required: number;

  /** @param installed equal to `required`: that migration, or a function of its release, had other SQL */
  constructor(schema: string, installed: number, required: number) {
    super(`schema "${schema}" is at migration ${installed}, ${mismatchOf(installed, required)}`);
    this.installed = installed;
    this.required = required;
  }
}

function mismatchOf(installed: number, required: number): string {
  if (installed > required)
    return `this release knows ${required}: a newer release has migrated it; start that release here, or upgrade the leftfold packages`;
  if (installed < required)
    return `this release needs ${required}; run migrate() with a role that may create tables`;
  return `but that of a build with other SQL, which is no release; start that build here, or migrate an empty database`;
}

/** What a process remembers of a log that no longer has it. */
export interface RewoundLog {
  /** Where the first event was that is gone, as far as is known, or the position that was asked for. */
  readonly lostFrom: number;
  /** The highest position that is remembered. */
  readonly lostTo: number;
  /** The highest position that the log has now. */
  readonly end: number;
  /** True when a token says that the event was there, and not this process. @default false */
  readonly byToken?: boolean | undefined;
}

/**
 * The log went back: a backup was restored, or a standby that lagged was promoted, and events that this process has read
 * or appended, or that a token names, are no longer in the log. What was decided, shown or sent because of them has to be
 * looked at.
 */
export class LogRewoundError extends LeftfoldError {
  readonly code = 'LOG_REWOUND';
  readonly retryable = false;
  readonly lostFrom: number;
  readonly lostTo: number;
  readonly end: number;

  constructor({ lostFrom, lostTo, end, byToken = false }: RewoundLog, options?: ErrorOptions) {
    super(
      byToken
        ? `the log, which ends at ${end}, does not have the event of the token at position ${lostFrom}; a backup was restored, a standby that lagged was promoted, the token is of another log, or its transaction was not committed: discard the token and what was read up to it, and read again`
        : `the log went back: positions ${lostFrom} to ${lostTo} are known here, and the log, which ends at ${end}, does not have these events any more; a backup was restored, or a standby that lagged was promoted: read again from a position that the log has, and decide again`,
      options,
    );
    this.lostFrom = lostFrom;
    this.lostTo = lostTo;
    this.end = end;
  }
}
