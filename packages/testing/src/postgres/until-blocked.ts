import { until } from './until.ts';
import { withClient } from './with-client.ts';

/** A pool or a client of `pg`, or any object with the same `query` method. */
export interface Queryable {
  query(text: string): Promise<{ readonly rows: readonly object[] }>;
}

export interface UntilBlockedOptions {
  /** How many sessions must be waiting at the same time. @default 1 */
  readonly count?: number;
  /** @default 15000 */
  readonly timeoutMs?: number;
}

/**
 * Resolves when a session of this database waits for a lock: at that moment the race of a test is set up.
 *
 * ```ts
 * await first.query('begin; update accounts set cents = 1 where id = 7');
 * const second = pool.query('update accounts set cents = 2 where id = 7');
 * await untilBlocked(pool);
 * await first.query('commit'); // now `second` continues
 * ```
 *
 * @param database a connection string, or a pool with a free connection.
 * @throws Error when no session waits in time: then the test has not set up the race that it is about.
 */
export async function untilBlocked(
  database: string | Queryable,
  { count = 1, timeoutMs = 15_000 }: UntilBlockedOptions = {},
): Promise<void> {
  if (typeof database === 'string') {
    return withClient(database, (client) => untilBlocked(client, { count, timeoutMs }));
  }
  const enough = async () => {
    // Inside a transaction, pg_stat_activity keeps showing the sessions of its first use.
    await database.query('select pg_stat_clear_snapshot()');
    const { rows } = await database.query(sessionsWaiting);
    const [row] = rows;
    return row !== undefined && 'waiting' in row && Number(row.waiting) >= count;
  };
  const message = `${count} session(s) of this database to wait for a lock: the race of this test was not set up`;
  await until(enough, { timeoutMs, message });
}

const sessionsWaiting = `
  select count(*) as waiting
    from pg_stat_activity
   where datname = current_database()
     and backend_type = 'client backend'
     and wait_event_type = 'Lock'`;
