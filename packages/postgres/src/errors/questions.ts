import { LeftfoldError } from '@leftfold/core';
import { failureOf } from './failure-of.ts';

/** True when another writer appended first: a unique constraint of the log in this schema, never a read model's. */
export function isLostRace(thrown: unknown, schema: string): boolean {
  return failureOf(thrown, schema).name === 'lost-race';
}

/** True when Postgres undid the call for a deadlock, a serialization failure or an internal error. It may succeed at once. */
export function isRolledBack(thrown: unknown): boolean {
  return failureOf(thrown).name === 'rolled-back';
}

/** True when the connection broke or could not be made: whether the statement took effect is unknown. */
export function isConnectionFailure(thrown: unknown): boolean {
  return failureOf(thrown).retry === 'reconnect';
}

/**
 * True when the state of the database is the cause, never the event or its handler: the same succeeds when that state
 * has changed.
 */
export function isOperational(thrown: unknown): boolean {
  if (!LeftfoldError.is(thrown)) return failureOf(thrown).passing;
  // A statement that took too long may not with fewer events.
  return thrown.code === 'STORE_UNAVAILABLE' && failureOf(thrown.cause).name !== 'statement-ended';
}

/** True when another transaction held a lock for longer than `lock_timeout`. */
export function isLockTimeout(thrown: unknown): boolean {
  return failureOf(thrown).name === 'lock-timeout';
}

/** True when a statement tried to write in a read-only transaction. */
export function isWriteRefused(thrown: unknown): boolean {
  return failureOf(thrown).name === 'write-refused';
}

/** The constraint of a table that a statement violated; undefined for any other failure. */
export function violatedConstraintOf(thrown: unknown): ViolatedConstraint | undefined {
  if (failureOf(thrown).name !== 'constraint-violated') return undefined;
  const { schema, table, constraint } = thrown as Partial<ViolatedConstraint>;
  if (schema === undefined || table === undefined || constraint === undefined) return undefined;
  return { schema, table, constraint };
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

/** True when a table, function or schema does not exist. */
export function isNotMigrated(thrown: unknown): boolean {
  return failureOf(thrown).name === 'not-migrated';
}
