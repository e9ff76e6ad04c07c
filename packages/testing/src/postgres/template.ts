import { type Client, escapeIdentifier } from 'pg';
import { templateName } from './database-name.ts';
import { connectionStringOf } from './with-client.ts';

/** Brings a database to the state in which tests begin. */
export interface Preparation {
  /** Name of the template. A template is prepared once per run. */
  readonly name: string;
  /** Migrates and seeds the database. It has to close its connections. */
  readonly run: (connectionString: string) => Promise<void>;
}

/**
 * Creates the template of this run if it does not exist. Of concurrent processes, exactly one creates it.
 *
 * @returns its name. The template allows no connections, so that it can always be copied.
 *
 * SQL: a session-level advisory lock on the server's database, keyed by the template's name.
 */
export async function ensureTemplate(
  admin: Client,
  server: string,
  run: string,
  prepare: Preparation,
): Promise<string> {
  const name = templateName(run, prepare.name);
  if (await isTemplate(admin, name)) return name;
  await admin.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
  try {
    if (!(await isTemplate(admin, name))) await makeTemplate(admin, server, name, prepare);
    return name;
  } finally {
    await admin.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]);
  }
}

/** `datistemplate` is set when the template is complete. One left incomplete by a killed process is created again. */
async function isTemplate(admin: Client, name: string): Promise<boolean> {
  const { rowCount } = await admin.query('select from pg_database where datname = $1 and datistemplate', [
    name,
  ]);
  return rowCount === 1;
}

async function makeTemplate(
  admin: Client,
  server: string,
  name: string,
  prepare: Preparation,
): Promise<void> {
  const database = escapeIdentifier(name);
  await admin.query(`drop database if exists ${database} with (force)`);
  await admin.query(`create database ${database} template template0`);
  await prepare.run(connectionStringOf(server, name));
  await admin.query(`alter database ${database} with is_template true allow_connections false`);
  // A pool that is still closing would delay the first copies.
  await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
    name,
  ]);
}
