import {
  LoginRefusedError,
  MissingRightsError,
  ReadOnlyDatabaseError,
  SchemaNotMigratedError,
  StoreUnavailableError,
  TransactionRolledBackError,
} from '@leftfold/core';
import { connectionTable, disconnected } from './connection-table.ts';
import { codeOf } from './error-text.ts';
import type { Failure } from './failure.ts';
import { logTable } from './log-table.ts';
import { outOf } from './out-of.ts';

const shuttingDown: Failure = { ...disconnected, fault: 'database' };
const damaged: Failure = { fault: 'database', retry: 'never', passing: true };
const unfitValue: Failure = { fault: 'request', retry: 'never', passing: false };
const wrongStatement: Failure = { fault: 'statement', retry: 'never', passing: false };
const rolledBack: Failure = {
  name: 'rolled-back',
  fault: 'transaction',
  retry: 'at-once',
  passing: true,
  toError: (cause) =>
    new StoreUnavailableError('the database rolled the transaction back to let another go on; run it again', {
      cause,
    }),
};
/** Kept apart from a lasting fault of the statement: the same one succeeds on a session that has it prepared. */
const notPrepared: Failure = {
  fault: 'configuration',
  retry: 'never',
  passing: true,
  toError: (cause) =>
    new StoreUnavailableError(
      `a pooler between this process and the database does not keep prepared statements (SQLSTATE ${codeOf(cause)}), and nothing was done; set preparedStatements: false`,
      { cause },
    ),
};
const notMigrated: Failure = {
  name: 'not-migrated',
  fault: 'configuration',
  retry: 'never',
  passing: false,
  toError: (cause, schema) => new SchemaNotMigratedError(schema, { cause }),
};
const loginRefused = (reason: string): Failure => ({
  fault: 'configuration',
  retry: 'never',
  passing: true,
  toError: (cause) => new LoginRefusedError({ cause, reason }),
});
/**
 * The failures that are told apart, by SQLSTATE or by the code of a socket error of Node. A key of two characters
 * stands for a whole class of SQLSTATEs, for those of it that have no row of their own.
 *
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const failureTable: Readonly<Record<string, Failure>> = {
  /** Connection exceptions. */
  '08': disconnected,
  /** Protocol violation, as the server itself says it: the statement has too many parameters, for example. */
  '08P01': wrongStatement,
  /** Not supported. */
  '0A': wrongStatement,
  /** A query that must find one row finds several, which depends on the rows. */
  '21': unfitValue,
  /** Data exceptions: a value is out of range, or not of its type. */
  '22': unfitValue,
  /** Violations of constraints. Those of the log's own constraints are in `constraintTable`. */
  '23': { ...unfitValue, name: 'constraint-violated' },
  /** Invalid transaction state. */
  '25': wrongStatement,
  '25006': {
    name: 'write-refused',
    fault: 'configuration',
    retry: 'never',
    passing: true,
    toError: (cause) =>
      new ReadOnlyDatabaseError(
        'the database takes no writes here: connect to the primary if this is a standby, else turn off default_transaction_read_only for this role and database',
        { cause },
      ),
  },
  /** An earlier statement of the transaction failed. */
  '25P02': {
    name: 'aborted',
    fault: 'statement',
    retry: 'never',
    passing: false,
    toError: (cause) => new TransactionRolledBackError({ cause }),
  },
  /** idle_in_transaction_session_timeout: what ran in the transaction was too slow, or its process was paused. */
  '25P03': {
    name: 'idle-ended',
    fault: 'statement',
    retry: 'reconnect',
    passing: true,
    toError: (cause) =>
      new StoreUnavailableError(
        'the server ended a transaction in which nothing was done for longer than idle_in_transaction_session_timeout, and undid it; do slow work before the transaction begins',
        { cause },
      ),
  },
  /** transaction_timeout, of PostgreSQL 17 and newer. */
  '25P04': {
    name: 'idle-ended',
    fault: 'statement',
    retry: 'reconnect',
    passing: true,
    toError: (cause) =>
      new StoreUnavailableError(
        'the server ended a transaction that took longer than transaction_timeout, and undid it; try again, and if it happens again raise transaction_timeout of this role',
        { cause },
      ),
  },
  /** No such prepared statement: a pooler gave this one another session. */
  '26000': notPrepared,
  /** A trigger changed the row before this statement could. */
  '27': unfitValue,
  /** Invalid authorization. */
  '28': wrongStatement,
  '28000': loginRefused('the role does not exist or may not log in, or pg_hba.conf does not let it in'),
  '28P01': loginRefused('no such role, or another password; check both in the connection string'),
  '3D000': loginRefused('the database does not exist; create it, or correct its name'),
  '3F000': notMigrated,
  /** Transaction rollback. */
  '40': damaged,
  '40001': rolledBack,
  '40P01': rolledBack,
  /** Syntax errors, and names that do not exist. */
  '42': wrongStatement,
  '42501': {
    fault: 'configuration',
    retry: 'never',
    passing: true,
    toError: (cause, schema) => new MissingRightsError(schema, { cause, ...missingRight(cause) }),
  },
  /** A column of a table that another release has migrated, or not yet. In a caller's own statement it is a mistake. */
  '42703': { ...notMigrated, name: 'unknown-column' },
  '42883': notMigrated,
  '42P01': notMigrated,
  /** A prepared statement of this name exists: a pooler gave this one the session of another client. */
  '42P05': notPrepared,
  /** A view or policy does not take the row. */
  '44': unfitValue,
  /** Insufficient resources. */
  '53': { ...outOf('connections, memory or disk space'), retry: 'later' },
  '53100': outOf('disk space'),
  '53200': outOf('memory'),
  '53300': outOf('connections'),
  /** A limit in the server's settings, such as `temp_file_limit`. */
  '53400': {
    fault: 'database',
    retry: 'later',
    passing: true,
    toError: (cause) =>
      new StoreUnavailableError(
        'the statement needed more than a limit in the settings of the server allows, such as temp_file_limit, and was undone; sort and join fewer rows, or raise the limit',
        { cause },
      ),
  },
  /** Limits of the server, such as the number of columns. */
  '54': unfitValue,
  /** Object not in the state that the statement needs. */
  '55': wrongStatement,
  '55P03': {
    name: 'lock-timeout',
    fault: 'transaction',
    retry: 'later',
    passing: true,
    toError: (cause) =>
      new StoreUnavailableError(
        'another transaction held a lock for longer than lock_timeout, and nothing was done; try again, and if it happens again end that transaction, or raise lock_timeout of this role',
        { cause },
      ),
  },
  /** Operator intervention. */
  '57': damaged,
  '57014': {
    name: 'statement-ended',
    fault: 'statement',
    retry: 'later',
    passing: true,
    toError: (cause) =>
      new StoreUnavailableError(
        'the database ended the statement and undid it: it took longer than statement_timeout, or it was cancelled; try again, and if it happens again raise statement_timeout of this role',
        { cause },
      ),
  },
  '57P01': shuttingDown,
  '57P02': shuttingDown,
  '57P03': shuttingDown,
  /** idle_session_timeout. */
  '57P05': {
    ...shuttingDown,
    toError: (cause) =>
      new StoreUnavailableError(
        'the server ended the session, in which nothing was done for longer than idle_session_timeout; try again, and if it happens again raise idle_session_timeout of this role',
        { cause },
      ),
  },
  /** System errors, such as a disk that fails. */
  '58': damaged,
  /** Snapshot too old, of PostgreSQL 16 and older. */
  '72': rolledBack,
  /** The files with the settings of the server. */
  F0: damaged,
  /** Raised by a function or trigger of the user. */
  P0: unfitValue,
  /** Internal errors: damaged data, or a defect of the server. */
  XX: { ...damaged, passing: false },
  /** Internal error, which undoes the statement: a function that it calls was just replaced by a migration, for example. */
  XX000: {
    name: 'rolled-back',
    fault: 'database',
    retry: 'at-once',
    passing: false,
    toError: (cause) =>
      new StoreUnavailableError(
        'the server had an internal error (SQLSTATE XX000) and undid the statement; try again, and if it happens again read the log of the server',
        { cause },
      ),
  },

  ...logTable,
  ...connectionTable,
};

/** At the login: the database is being replaced, renamed or restored, and takes no connections meanwhile. */
export const closedToConnections: Failure = {
  fault: 'configuration',
  retry: 'never',
  passing: true,
  toError: (cause) =>
    new StoreUnavailableError(
      'the database takes no connections now; let it: alter database … allow_connections true',
      { cause },
    ),
};

/** A prepared statement whose result has other columns since a table was altered. It has to be prepared anew. */
export const stalePlan: Failure = {
  name: 'stale-plan',
  fault: 'transaction',
  retry: 'at-once',
  passing: true,
  toError: (cause) =>
    new StoreUnavailableError(
      'a table was altered after the statement had been prepared, and the database undid it; run it again',
      { cause },
    ),
};

/**
 * What is not in the table: reaches the caller untouched, is not tried again, and is the fault of the event whose handler
 * met it.
 */
export const unknownFailure: Failure = wrongStatement;

/** What PostgreSQL says, which names the object. A trigger or function can raise the same code with values in it. */
function missingRight(cause: unknown): { readonly message?: string } {
  if (!(cause instanceof Error && 'routine' in cause && cause.routine === 'aclcheck_error')) return {};
  const message = `${cause.message}; migrate as the owner, run the script of rightsScript again, and make this role a member of app (appends, queries), of app and projector (runs, resets and rebuilds projections) or of operator (resumes); in a process that only appends and queries, set subscriptions: { run: false }`;
  return { message };
}
