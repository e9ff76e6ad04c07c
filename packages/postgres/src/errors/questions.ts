import { type ErrorCode, LeftfoldError } from '@leftfold/core';
import { failureOf } from './failure-of.ts';

const configurationCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'LOGIN_REFUSED',
  'FOREIGN_SCHEMA',
  'MISSING_RIGHTS',
  'READ_ONLY_DATABASE',
  'SCHEMA_NOT_MIGRATED',
  'WRONG_ISOLATION_LEVEL',
]);

/** Whose cause is the state of the database or of a message broker. */
const waitedOut: ReadonlySet<string> = new Set<ErrorCode>([
  'STORE_UNAVAILABLE',
  'TRANSPORT_REFUSED',
  'TRANSPORT_UNAVAILABLE',
]);

/** True when another writer appended first: a unique constraint of the log in this schema, never a read model's. */
export function isLostRace(thrown: unknown, schema: string): boolean {
  return failureOf(thrown, schema).name === 'lost-race';
}

/**
 * True when Postgres undid the call for a deadlock, a serialization failure, an internal error or a prepared statement
 * that no longer fits its table. It may succeed at once.
 */
export function isRolledBack(thrown: unknown): boolean {
  const { name } = failureOf(thrown);
  return name === 'rolled-back' || name === 'stale-plan';
}

/** True when the connection broke or could not be made: whether the statement took effect is unknown. */
export function isConnectionFailure(thrown: unknown): boolean {
  return failureOf(thrown).retry === 'reconnect';
}

/**
 * True when the state of the database, or of a message broker, is the cause, never the event or its handler: the same succeeds when that state
 * has changed.
 */
export function isOperational(thrown: unknown): boolean {
  if (!LeftfoldError.is(thrown)) return failureOf(thrown).passing;
  // Thrown by the framework's own statements: a role, a setting or the server is the cause. A handler's are untouched.
  if (configurationCodes.has(thrown.code)) return true;
  return waitedOut.has(thrown.code);
}

/** True when a table was altered after the statement had been prepared on this connection. Nothing was done. */
export function isStalePlan(thrown: unknown): boolean {
  return failureOf(thrown).name === 'stale-plan';
}

/** True when the statement took longer than `statement_timeout`, or was cancelled. */
export function isStatementEnded(thrown: unknown): boolean {
  return failureOf(LeftfoldError.is(thrown) ? thrown.cause : thrown).name === 'statement-ended';
}

/** True when another transaction held a lock for longer than `lock_timeout`. */
export function isLockTimeout(thrown: unknown): boolean {
  return failureOf(thrown).name === 'lock-timeout';
}

/** True when the server ended a transaction because its client sent nothing for too long. */
export function isIdleEnded(thrown: unknown): boolean {
  return failureOf(LeftfoldError.is(thrown) ? thrown.cause : thrown).name === 'idle-ended';
}

/** True when the database gave no answer within the limit of the statement. Whether it took effect is unknown. */
export function isNoAnswer(thrown: unknown): boolean {
  return failureOf(thrown).name === 'no-answer';
}

/** True when the server undid one statement and nothing else: the session is as it was before. */
export function leavesSession(thrown: unknown): boolean {
  const { name } = failureOf(thrown);
  return name === 'lock-timeout' || name === 'statement-ended' || name === 'constraint-violated';
}

/** True when a statement tried to write in a read-only transaction. */
export function isWriteRefused(thrown: unknown): boolean {
  return failureOf(thrown).name === 'write-refused';
}

/** The constraint of a table that a statement violated; undefined for any other failure. */
export function violatedConstraintOf(thrown: unknown): ViolatedConstraint | undefined {
  if (failureOf(thrown).name !== 'constraint-violated') return undefined;
  const { schema, table, column, constraint = notNullOf(table, column) } = thrown as ViolatedColumn;
  if (schema === undefined || table === undefined || constraint === undefined) return undefined;
  return { schema, table, constraint };
}

type ViolatedColumn = Partial<ViolatedConstraint & { readonly column: string }>;

/** "not null" has a name from PostgreSQL 18 on: this one. */
function notNullOf(table: string | undefined, column: string | undefined): string | undefined {
  return column === undefined ? undefined : `${table}_${column}_not_null`;
}

/** Where PostgreSQL says that a constraint was violated. */
export interface ViolatedConstraint {
  readonly schema: string;
  readonly table: string;
  readonly constraint: string;
}

/** True when an earlier statement of the transaction has failed, so that it can only be rolled back. */
export function isAborted(thrown: unknown): boolean {
  return failureOf(thrown).name === 'aborted';
}

/** True when a table, column, function or schema does not exist. */
export function isNotMigrated(thrown: unknown): boolean {
  return failureOf(thrown).name === 'not-migrated' || isUnknownColumn(thrown);
}

/** True when a column does not exist. */
export function isUnknownColumn(thrown: unknown): boolean {
  return failureOf(thrown).name === 'unknown-column';
}
