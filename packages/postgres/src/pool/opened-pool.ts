import type { Socket } from 'node:net';
import { ClosedError } from '@leftfold/core';
import type pg from 'pg';
import {
  inTransaction,
  type PipelinedTransaction,
  type TransactionOptions,
} from '../kysely/in-transaction.ts';
import { SharedLimit } from '../pause/shared-limit.ts';
import type { StatementNames } from '../statement/statement-names.ts';
import { type RunnerOptions, runnerOn } from '../statement/statement-runner.ts';
import type { Statement, StatementRunner } from '../statement/statement.ts';
import { refuseWaiting } from './borrow.ts';

/** A pool, and whether whatever opened it ends it: not when it is the caller's. */
export class OpenedPool {
  readonly pool: pg.Pool;
  /** Those of all connections that are open or being opened. Undefined for a pool of the caller. */
  readonly #sockets: ReadonlySet<Socket> | undefined;
  #brokenOff = false;
  #ended: Promise<void> | undefined;

  /** @param sockets of a pool that was made for whatever opens it */
  constructor(pool: pg.Pool, sockets?: ReadonlySet<Socket>) {
    this.pool = pool;
    this.#sockets = sockets;
  }

  /** Like {@link runnerOn}; after {@link breakOff} statements fail with ClosedError, also on a pool of the caller. */
  runner(options: RunnerOptions): StatementRunner {
    const run = runnerOn(this.pool, options);
    return async <TRow extends object>(statement: Statement) => {
      this.#assertOpen();
      return run<TRow>(statement);
    };
  }

  /** Like {@link inTransaction}, and after {@link breakOff} fails as {@link runner} does. */
  async inTransaction<TResult>(
    names: StatementNames | undefined,
    work: (transaction: PipelinedTransaction) => Promise<TResult>,
    options?: TransactionOptions,
  ): Promise<TResult> {
    this.#assertOpen();
    return inTransaction(this.pool, names, work, options);
  }

  /**
   * Breaks off all connections and opens no more, unless they are the caller's: what waits for an answer or for a
   * connection fails.
   */
  breakOff(): void {
    this.#brokenOff = true;
    if (this.#sockets === undefined) return;
    void this.#endPool();
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Waits for the end of work, one after another, then ends the pool, unless it is the caller's. What has not ended
   * within the limit is broken off, or left alone on a pool of the caller.
   */
  async end(limitMs: number, work: readonly (() => Promise<void>)[]): Promise<void> {
    const limit = new SharedLimit(limitMs, () => this.breakOff());
    for (const ends of work) await limit.wait(ends());
    if (this.#sockets !== undefined) await limit.wait(this.#endPool());
  }

  #assertOpen(): void {
    if (this.#brokenOff) throw closedError();
  }

  #endPool(): Promise<void> {
    if (this.#ended === undefined) {
      this.#ended = this.pool.ending ? Promise.resolve() : this.pool.end();
      refuseWaiting(this.pool, closedError());
    }
    return this.#ended;
  }
}

function closedError(): ClosedError {
  return new ClosedError('the connection pool');
}
