import pg from 'pg';

/** A client with the options of a pool, which is not one of the pool's connections. It is not connected yet. */
export function clientBeside({ options }: pg.Pool, more: pg.ClientConfig): pg.Client {
  // The pool hides its connection string and its password when its options are copied.
  const { connectionString, password } = options;
  return new pg.Client({
    ...options,
    ...(connectionString === undefined ? {} : { connectionString }),
    password,
    ...more,
  });
}
