import { LeftfoldError } from './leftfold-error.ts';

/** The database cannot be reached, is shutting down, or ended the transaction. The same call may succeed later. */
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

/** The database was migrated by a newer release, or lacks a migration this release needs. */
export class SchemaMismatchError extends LeftfoldError {
  readonly code = 'SCHEMA_MISMATCH';
  readonly retryable = false;
  readonly installed: number;
  readonly required: number;

  constructor(schema: string, installed: number, required: number) {
    super(
      installed > required
        ? `schema "${schema}" is at migration ${installed}, this release knows ${required}; upgrade the leftfold packages`
        : `schema "${schema}" is at migration ${installed}, this release needs ${required}; run migrate() with a role that may create tables`,
    );
    this.installed = installed;
    this.required = required;
  }
}
