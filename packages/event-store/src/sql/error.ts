import { LeftfoldError, StoreMisconfiguredError, StoreUnavailableError } from '@leftfold/core';

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const UNIQUE_VIOLATION = '23505';
const INSUFFICIENT_PRIVILEGE = '42501';
const READ_ONLY_TRANSACTION = '25006';
const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';
/** Class of SQLSTATEs: too many connections, no memory, no room on disk. */
const INSUFFICIENT_RESOURCES = '53';
/** Raised by the store's own SQL functions: isolation level, or a standby. */
const LEFTFOLD_MISCONFIGURED = 'LF004';

const logConstraints: ReadonlySet<string> = new Set(['events_stream_version_key', 'events_event_id_key']);
const rolledBack: ReadonlySet<string> = new Set(['40001', '40P01']);
const unavailable: ReadonlySet<string> = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25P03',
  '53300',
  '53200',
  '53100',
]);
const notMigrated: ReadonlySet<string> = new Set(['42P01', '3F000', '42883']);
const cannotLogIn: ReadonlySet<string> = new Set(['28000', '28P01', '3D000']);
const networkFailures: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOENT',
]);

interface CodedError {
  readonly code: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly schema?: string;
}

function codeOf(error: unknown): string | undefined {
  return isCoded(error) ? error.code : undefined;
}

function isCoded(error: unknown): error is CodedError {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}

/** True when another writer won: one of the log's own two unique constraints, never a read model's. */
export function isLostRace(error: unknown, schema: string): boolean {
  return (
    isCoded(error) &&
    error.code === UNIQUE_VIOLATION &&
    error.schema === schema &&
    error.table === 'events' &&
    logConstraints.has(error.constraint ?? '')
  );
}

/** True when Postgres rolled the transaction back to let another go on. The same may succeed at once. */
export function isRolledBack(error: unknown): boolean {
  return rolledBack.has(codeOf(error) ?? '');
}

/** True when the connection broke or could not be made: whether the statement took effect is unknown. */
export function isConnectionFailure(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return code.startsWith('08') || unavailable.has(code) || networkFailures.has(code);
  if (error instanceof AggregateError) return error.errors.some(isConnectionFailure);
  // pg reports a broken or refused connection as a bare Error without a code.
  return error instanceof Error && error.constructor === Error && !LeftfoldError.is(error);
}

/** The typed error for what pg threw; what is not known here comes back untouched. */
export function toStoreError(error: unknown, schema: string): unknown {
  if (LeftfoldError.is(error)) return error;
  const code = codeOf(error) ?? '';
  if (code.startsWith(INSUFFICIENT_RESOURCES)) {
    const message = `the database is out of connections, memory or disk space (SQLSTATE ${code}); free some, then try again`;
    return new StoreUnavailableError(message, { cause: error });
  }
  if (isConnectionFailure(error)) {
    return new StoreUnavailableError(
      'the database cannot be reached; check that it runs and that the connection string is right',
      { cause: error },
    );
  }
  if (isRolledBack(error)) {
    return new StoreUnavailableError(
      'the database rolled the transaction back to let another go on; run it again',
      { cause: error },
    );
  }
  // Not sent again from here: the caller has just waited for as long as the setting allows.
  if (code === QUERY_CANCELED) {
    return new StoreUnavailableError(
      'the database ended the statement and undid it: it took longer than statement_timeout, or somebody cancelled it; try again, and if it happens again raise statement_timeout of this role',
      { cause: error },
    );
  }
  if (code === LOCK_NOT_AVAILABLE) {
    return new StoreUnavailableError(
      'another transaction held a lock for longer than lock_timeout, and nothing was done; try again, and if it happens again end that transaction, or raise lock_timeout of this role',
      { cause: error },
    );
  }
  if (code === READ_ONLY_TRANSACTION) {
    return new StoreMisconfiguredError(
      'the database takes no writes here: connect to the primary if this is a standby, else turn off default_transaction_read_only for this role and database',
      { cause: error },
    );
  }
  if (code === INSUFFICIENT_PRIVILEGE) {
    return new StoreMisconfiguredError(
      `the role of this connection lacks a right on schema "${schema}"; grant it, or migrate with a role that has it`,
      { cause: error },
    );
  }
  if (cannotLogIn.has(code)) {
    return new StoreMisconfiguredError(
      'the database refuses the login: check role, password and database of the connection string',
      { cause: error },
    );
  }
  if (notMigrated.has(code)) {
    return new StoreMisconfiguredError(`schema "${schema}" is not migrated; run migrate() first`, {
      cause: error,
    });
  }
  if (code === LEFTFOLD_MISCONFIGURED && error instanceof Error) {
    const hint = 'hint' in error && typeof error.hint === 'string' ? `; ${error.hint}` : '';
    return new StoreMisconfiguredError(error.message + hint, { cause: error });
  }
  return error;
}
