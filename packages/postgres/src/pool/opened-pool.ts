import { ClosedError } from '@leftfold/core';
import type pg from 'pg';
import { refuseWaiting } from './borrow.ts';
import { SharedLimit } from '../pause/shared-limit.ts';

/** A pool, and whether whatever opened it ends it: not when it is the caller's. */
export class OpenedPool {
  readonly pool: pg.Pool;
  /** Undefined for a pool of the caller. */
  readonly #connections: Set<pg.PoolClient> | undefined;

  /** @param owned whether the pool was made for whatever opens it. It has no connections yet then. */
  constructor(pool: pg.Pool, owned: boolean) {
    this.pool = pool;
    if (!owned) return;
    const connections = new Set<pg.PoolClient>();
    this.#connections = connections;
    pool.on('connect', (client) => connections.add(client));
    pool.on('remove', (client) => connections.delete(client));
  }

  /** Breaks off all connections, unless they are the caller's: what waits for their answers fails. */
  breakOff(): void {
    for (const { connection } of this.#connections ?? []) connection.stream.destroy();
  }

  /**
   * Waits for the end of work, one after another, then ends the pool, unless it is the caller's. What has not ended
   * within the limit is broken off, or left alone on a pool of the caller.
   */
  async end(limitMs: number, work: readonly (() => Promise<void>)[]): Promise<void> {
    const limit = new SharedLimit(limitMs, () => this.breakOff());
    for (const ends of work) await limit.wait(ends());
    if (this.#connections === undefined) return;
    const ended = this.pool.end();
    refuseWaiting(this.pool, new ClosedError('the connection pool'));
    await limit.wait(ended);
  }
}
