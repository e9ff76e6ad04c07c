import type { Statement } from '../statement/statement.ts';

/**
 * Sends a notification.
 *
 * SQL: a transaction of its own that need not be durable: the notification is a hint.
 */
export function notifyStatement(channel: string, topic: string): Statement {
  return {
    name: 'leftfold notify',
    text: `select pg_catalog.set_config('synchronous_commit', 'off', true), pg_catalog.pg_notify($1, $2)`,
    values: [channel, topic],
  };
}

/** Answered at once while the connection is alive. */
export const heartbeatStatement: Statement = { name: undefined, text: 'select', values: [] };

export function listenStatement(channel: string): Statement {
  return { name: undefined, text: `listen "${channel}"`, values: [] };
}
