import type pg from 'pg';

/** A connection of a pool that is one caller's until it is released. */
export interface BorrowedClient {
  readonly client: pg.PoolClient;
  /** Gives the connection back to the pool; with `destroy` it is closed instead. */
  readonly release: (destroy?: boolean) => void;
}

/**
 * Takes a connection out of a pool.
 *
 * When it breaks between two statements, the next one fails. Without an error listener, and a pool listens on its idle
 * connections only, the break would end the process.
 */
export function borrow(pool: pg.Pool): Promise<BorrowedClient> {
  return new Promise((resolve, reject) => {
    // Attach the listener synchronously, which a promise cannot: ready and error can arrive in the same packet.
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
