import type { Statement } from '../connect/statement-runner.ts';

export interface HighWaterMarkRow {
  readonly settled: string;
  readonly pending: boolean;
}

/**
 * The settled position, and whether an append is under way that holds it back.
 *
 * SQL: three statements inside one function: the sequence, `pg_locks`, and the newest event below both. Events up to
 * the mark must be read by a later statement.
 */
export function highWaterMarkStatement(schema: string): Statement {
  return {
    name: `leftfold settled mark ${schema}`,
    text: `select settled::text, pending from "${schema}".settled_mark()`,
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
