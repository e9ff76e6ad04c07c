import { type Client, DatabaseError, escapeIdentifier } from 'pg';
import { beganAt, databasesOf, databasesOfAllRuns } from './database-name.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/** Closes the connections of the database or template and drops it. Does nothing when it does not exist. */
export async function dropDatabase(admin: Client, name: string): Promise<void> {
  const database = escapeIdentifier(name);
  const { rowCount } = await admin.query('select from pg_database where datname = $1 and datistemplate', [
    name,
  ]);
  if (rowCount === 1) await admin.query(`alter database ${database} with is_template false`);
  await admin.query(`drop database if exists ${database} with (force)`);
}

/** Drops all databases of the run that still exist. */
export async function dropDatabasesOf(admin: Client, run: string): Promise<void> {
  for (const name of await databasesLike(admin, databasesOf(run))) await dropDatabase(admin, name);
}

/** Key of the advisory lock of a run that drops leftovers: two runs would drop the same ones. */
export const LEFTOVERS_LOCK = 5_033_164_187;

/** Drops the databases of killed runs on this server: those older than a day without a connection. */
export async function dropLeftovers(admin: Client, now: Date): Promise<void> {
  await admin.query('select pg_advisory_lock($1)', [LEFTOVERS_LOCK]);
  try {
    await dropOlder(admin, now);
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [LEFTOVERS_LOCK]);
  }
}

async function dropOlder(admin: Client, now: Date): Promise<void> {
  for (const name of await databasesLike(admin, databasesOfAllRuns)) {
    const began = beganAt(name);
    if (began === undefined || now.getTime() - began.getTime() < dayMs) continue;
    const sessions = await admin.query('select from pg_stat_activity where datname = $1 limit 1', [name]);
    if (sessions.rowCount !== 0) continue;
    await dropDatabase(admin, name).catch(unlessNotOurs);
  }
}

async function databasesLike(admin: Client, pattern: string): Promise<string[]> {
  const { rows } = await admin.query<{ datname: string }>(
    'select datname from pg_database where datname like $1 order by datname',
    [pattern],
  );
  return rows.map(({ datname }) => datname);
}

/** Ignores the errors for a database of another user, and for one that another run is dropping. */
function unlessNotOurs(error: unknown): void {
  const insufficientPrivilege = '42501';
  const invalidCatalogName = '3D000';
  const objectInUse = '55006';
  const expected = [insufficientPrivilege, invalidCatalogName, objectInUse];
  if (!(error instanceof DatabaseError) || !expected.includes(error.code ?? '')) throw error;
}
