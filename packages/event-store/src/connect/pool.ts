import pg from 'pg';
import { StoreMisconfiguredError } from '@leftfold/core';

/** Where the store finds its database: a connection string, or a pool that the caller owns and ends. */
export interface ConnectionOptions {
  readonly connectionString?: string | undefined;
  readonly pool?: pg.Pool | undefined;
  /** Connections of a pool made from `connectionString`. @default 10 */
  readonly maxConnections?: number | undefined;
}

export interface OwnedPool {
  readonly pool: pg.Pool;
  /** Whether closing the store ends the pool. */
  readonly owned: boolean;
}

/** @throws StoreMisconfiguredError when not exactly one of `connectionString` and `pool` is given. */
export function openPool({ connectionString, pool, maxConnections = 10 }: ConnectionOptions): OwnedPool {
  if ((connectionString === undefined) === (pool === undefined)) {
    throw new StoreMisconfiguredError('give createEventStore either a connectionString or a pool');
  }
  if (pool !== undefined) return { pool, owned: false };
  const own = new pg.Pool({
    connectionString,
    max: maxConnections,
    connectionTimeoutMillis: 10_000,
    application_name: 'leftfold',
    allowExitOnIdle: true,
    // A projection's statements need not wait for each other's answers.
    pipeline: true,
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  own.on('error', () => {});
  return { pool: own, owned: true };
}

/** A connection of a pool for a while. */
export interface Loan {
  readonly client: pg.PoolClient;
  readonly release: (destroy?: boolean) => void;
}

/**
 * A connection that is the caller's until it releases it.
 *
 * When it breaks while nothing is asked of it, its next statement fails. Without a listener, and a pool listens on its
 * idle connections only, the news would end the process.
 */
export function borrow(pool: pg.Pool): Promise<Loan> {
  return new Promise((resolve, reject) => {
    // With a callback, the listener is there in the same breath: welcome and farewell may come in one piece.
    pool.connect((error, client, giveBack) => {
      if (client === undefined) {
        reject(error ?? new TypeError('the pool gave no connection'));
        return;
      }
      const ignore = () => {};
      client.on('error', ignore);
      const release = (destroy?: boolean) => {
        client.off('error', ignore);
        giveBack(destroy);
      };
      resolve({ client, release });
    });
  });
}
