import { ClosedError, StoreUnavailableError } from '@leftfold/core';
import type pg from 'pg';

/** Calls that wait for a connection of one pool. Each keeps its statement in memory. */
const MAX_WAITING = 10_000;

/**
 * To be called before each use of a pool: pg lets any number of calls wait for a connection.
 *
 * @throws ClosedError when the pool was ended
 * @throws StoreUnavailableError when too many calls wait for one of its connections
 */
export function assertUsable(pool: pg.Pool): void {
  if (pool.ending) throw new ClosedError('the connection pool');
  if (pool.waitingCount < MAX_WAITING) return;
  throw new StoreUnavailableError(
    `${MAX_WAITING} calls of this process wait for a connection, which is the limit; this one was not begun, await earlier ones before you make more, or give the pool more connections`,
  );
}
