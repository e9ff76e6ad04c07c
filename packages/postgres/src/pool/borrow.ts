import type pg from 'pg';
import { NOT_CONNECTED } from '../errors/connection-table.ts';
import { assertUsable } from './assert-usable.ts';
import { connectLimitOf } from './session-settings.ts';

/** A connection of a pool that is one caller's until it is released. */
export interface BorrowedClient {
  readonly client: pg.PoolClient;
  /** Gives the connection back to the pool; with `destroy` it is closed instead. Later calls have no effect. */
  readonly release: (destroy?: boolean) => void;
  /** Breaks the connection off at once, whatever it is waiting for, and releases it. The server rolls back. */
  readonly breakOff: () => void;
  /** What broke the connection; undefined while nothing did. */
  readonly broken: () => unknown;
}

/** The calls that wait for a connection. A pool that is ended does not answer them. */
const waiting = new WeakMap<pg.Pool, Set<(reason: unknown) => void>>();

/** Lets all calls fail that wait for a connection of a pool. @param reason what they fail with */
export function refuseWaiting(pool: pg.Pool, reason: unknown): void {
  for (const refuse of waiting.get(pool) ?? []) refuse(reason);
}

/**
 * Takes a connection out of a pool.
 *
 * When it breaks between two statements, the next one fails. Without an error listener, and a pool listens on its idle
 * connections only, the break would end the process.
 *
 * @throws ClosedError when the pool was ended
 * @throws StoreUnavailableError when too many calls wait for a connection
 * @throws an error that `failureOf` takes for an outage, when there is none after twice the pool's limit for a login
 */
export async function borrow(pool: pg.Pool): Promise<BorrowedClient> {
  assertUsable(pool);
  const refusals = waiting.get(pool) ?? new Set();
  waiting.set(pool, refusals);
  const limitMs = 2 * connectLimitOf(pool);
  return new Promise((resolve, reject) => {
    let refused = false;
    const refuse = (reason: unknown) => {
      refused = true;
      clearTimeout(timer);
      refusals.delete(refuse);
      reject(reason);
    };
    refusals.add(refuse);
    // The pool limits a login and a wait for a free connection, if it has such a limit, but not what comes after a login.
    const timer = setTimeout(() => refuse(noConnection(limitMs)), limitMs);
    // Attach the listener synchronously, which a promise cannot: ready and error can arrive in the same packet.
    pool.connect((error, client, giveBack) => {
      clearTimeout(timer);
      refusals.delete(refuse);
      if (refused) {
        if (client !== undefined) giveBack(true);
        return;
      }
      if (client === undefined) {
        reject(error ?? new TypeError('the pool gave no connection'));
        return;
      }
      let broken: unknown;
      let released = false;
      const onError = (cause: unknown) => {
        broken ??= cause;
      };
      client.on('error', onError);
      const release = (destroy?: boolean) => {
        if (released) return;
        released = true;
        // A connection that is closed may still report an error, and nothing listens to it any more.
        if (destroy !== true) client.off('error', onError);
        giveBack(destroy);
      };
      const breakOff = () => {
        // Closing in order would wait for the answers to what was sent.
        client.connection.stream.destroy();
        release(true);
      };
      resolve({ client, release, breakOff, broken: () => broken });
    });
  });
}

function noConnection(limitMs: number): Error {
  const message = `the pool gave no connection for ${limitMs} ms; nothing was sent, end transactions that are held open, or raise the number of its connections or its connectionTimeoutMillis`;
  return Object.assign(new Error(message), { code: NOT_CONNECTED });
}
