import type { Statement } from '../connect/statement-runner.ts';

export interface SettledMarkRow {
  readonly settled: string;
  readonly top: string;
}

/**
 * The settled position and the newest position drawn.
 *
 * SQL: two statements inside one function, the sequence first and `pg_locks` second. Events up to the mark must be
 * read by a later statement.
 */
export function settledMarkStatement(schema: string): Statement {
  return {
    name: `leftfold settled mark ${schema}`,
    text: `select settled::text, top::text from "${schema}".settled_mark()`,
    values: [],
  };
}

/** The channel on which appends of a schema are announced. */
export function channelOf(schema: string): string {
  return `leftfold_${schema}`;
}

/**
 * Announces that something was appended.
 *
 * SQL: a transaction of its own that need not be durable: the notification is a hint.
 */
export function notifyStatement(schema: string): Statement {
  return {
    name: 'leftfold notify',
    text: `select set_config('synchronous_commit', 'off', true), pg_notify($1, '')`,
    values: [channelOf(schema)],
  };
}
