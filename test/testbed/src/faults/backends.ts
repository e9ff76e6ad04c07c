/** What runs a statement: a pool or a client of `pg`. */
export interface Database {
  query(text: string, values?: unknown[]): Promise<{ readonly rowCount: number | null }>;
}

/**
 * Ends sessions of this database, as an operator does with `pg_terminate_backend`, and waits until they are gone.
 *
 * @param where a process number, or a condition on `pg_stat_activity` in SQL. The session that asks is left out.
 * @returns how many were ended
 */
export async function killBackends(database: Database, where: number | string): Promise<number> {
  const condition = typeof where === 'number' ? `pid = ${where}` : where;
  const { rowCount } = await database.query(
    `select pg_terminate_backend(pid, 5000)
       from (select pid from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid() and ${condition}) as chosen`,
  );
  return rowCount ?? 0;
}
