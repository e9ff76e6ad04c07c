import type pg from 'pg';

/** Whether a connection takes a statement while it works on another. */
export function isPipelining(client: pg.ClientBase): client is pg.Client {
  return 'pipeline' in client && client.pipeline === true;
}

/**
 * Sends what follows in this turn of the event loop with one write: a write of its own costs as much as a small statement.
 */
export function gatherWrites({ connection }: pg.Client): void {
  const { stream } = connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}
