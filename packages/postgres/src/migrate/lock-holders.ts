import { StoreUnavailableError } from '@leftfold/core';
import { isLockTimeout, isNoAnswer } from '../errors/questions.ts';
import type { StatementRunner } from '../statement/statement.ts';

/** Name of the advisory lock that a schema is migrated under. */
export const migrationLock = (schema: string) => `leftfold.migrate.${schema}`;

/**
 * Sessions that hold a lock on a table of a schema or of its read models, or migrate it: such as `app leftfold (backend
 * 4711)`. At most three, those with the oldest transactions.
 *
 * SQL: one SELECT from `pg_locks`; takes no locks.
 */
async function findLockHolders(run: StatementRunner, schema: string): Promise<readonly string[]> {
  const rows = await run<{ session: string }>({
    name: undefined,
    text: `select concat_ws(' ', activity.usename, nullif(activity.application_name, ''),
                     '(backend ' || activity.pid || ')') as session
             from pg_stat_activity as activity
            where activity.pid <> pg_backend_pid()
              and exists (
                    select from pg_locks as held
                     where held.pid = activity.pid
                       and held.granted
                       and held.database = (select oid from pg_database where datname = current_database())
                       and (held.relation in (select class.oid
                                                from pg_class as class
                                                join pg_namespace as namespace
                                                  on namespace.oid = class.relnamespace
                                               where namespace.nspname = $1
                                                  or starts_with(namespace.nspname, $1 || '__'))
                         or held.locktype = 'advisory'
                        and held.objsubid = 1
                        and (held.classid::bigint << 32) | held.objid::bigint = hashtextextended($2, 0)))
            order by activity.xact_start
            limit 3`,
    values: [schema, migrationLock(schema)],
  });
  return rows.map(({ session }) => session);
}

/**
 * Sessions that hold an advisory lock of the framework: such as `app leftfold (backend 4711)`. At most ten, those with
 * the oldest transactions.
 *
 * SQL: one SELECT from `pg_locks`; takes no locks.
 *
 * @param lock its name, which is hashed to its key
 */
export async function findAdvisoryLockHolders(
  run: StatementRunner,
  lock: string,
): Promise<readonly string[]> {
  const rows = await run<{ session: string }>({
    name: undefined,
    text: `select concat_ws(' ', activity.usename, nullif(activity.application_name, ''),
                     '(backend ' || activity.pid || ')') as session
             from pg_locks as held
             join pg_stat_activity as activity on activity.pid = held.pid
            where held.locktype = 'advisory'
              and held.database = (select oid from pg_database where datname = current_database())
              and held.objsubid = 1
              and held.granted
              and (held.classid::bigint << 32) | held.objid::bigint = hashtextextended($1, 0)
            order by activity.xact_start
            limit 10`,
    values: [lock],
  });
  return rows.map(({ session }) => session);
}

export interface LockWait {
  /** What waited, for the message: `the migration of schema "leftfold"`. */
  readonly what: string;
  /** Where the tables are that it needs. */
  readonly schema: string;
  /** Runs a statement after the wait, on any connection. */
  readonly run: StatementRunner;
}

/**
 * Runs work that waits for locks for a limited time.
 *
 * @throws StoreUnavailableError that names the sessions that hold locks, when the work ends with a lock timeout, or gets
 * no answer while they do; all other errors of the work untouched
 */
export async function namingLockHolders<TResult>(
  { what, schema, run }: LockWait,
  work: () => Promise<TResult>,
): Promise<TResult> {
  try {
    return await work();
  } catch (cause) {
    const timedOut = isLockTimeout(cause);
    if (!timedOut && !isNoAnswer(cause)) throw cause;
    const holders = await findLockHolders(run, schema).catch(() => []);
    if (!timedOut && holders.length === 0) throw cause;
    const by = holders.length === 0 ? 'which have ended since' : `such as ${holders.join(', ')}`;
    const why = timedOut
      ? 'because other transactions hold locks that it needs'
      : 'because the database gave no answer, while other transactions hold locks there';
    throw new StoreUnavailableError(`${what} was given up, ${why}, ${by}; end them, or try again`, { cause });
  }
}
