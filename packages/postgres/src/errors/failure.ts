import type { LeftfoldError } from '@leftfold/core';

/**
 * Whose fault a failure is.
 *
 * - `request`: a value, an event or a row that the database does not accept; the same one is refused again.
 * - `statement`: the SQL itself, or how long it took.
 * - `transaction`: another transaction that came first or holds a lock.
 * - `database`: the state of the server: shutting down, out of resources, damaged.
 * - `network`: the way to the server.
 * - `configuration`: a role, a setting, a login, a schema, or a server of the wrong kind.
 */
export type Fault = 'request' | 'statement' | 'transaction' | 'database' | 'network' | 'configuration';

/**
 * Whether the same call may be made again.
 *
 * - `at-once`: it was undone for another transaction, and may succeed at once.
 * - `reconnect`: on a new connection, after a delay; whether it took effect is unknown.
 * - `later`: it was undone, and may succeed when something else has ended. Its caller decides, for it has just waited.
 * - `never`: not before something is changed.
 */
export type Retry = 'at-once' | 'reconnect' | 'later' | 'never';

/** Failures that code asks for by name. All others are told apart by their fault and retry alone. */
export type FailureName =
  | 'lost-race'
  | 'rolled-back'
  | 'statement-ended'
  | 'stale-plan'
  | 'idle-ended'
  | 'no-answer'
  | 'lock-timeout'
  | 'write-refused'
  | 'not-migrated'
  | 'unknown-column'
  | 'aborted'
  | 'constraint-violated';

/** What is known of one kind of failure: a row of the failure table. */
export interface Failure {
  readonly name?: FailureName;
  readonly fault: Fault;
  readonly retry: Retry;
  /**
   * True when a handler that fails with it did nothing wrong: the same event succeeds when the state of the database
   * has changed, so that its subscription waits.
   */
  readonly passing: boolean;
  /** The error that a caller gets; undefined, or without a result: the one that pg threw, untouched. */
  readonly toError?: (thrown: unknown, schema: string) => LeftfoldError | undefined;
}
