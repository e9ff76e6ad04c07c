import { type Client, escapeIdentifier } from 'pg';
import { templateName } from './database-name.ts';
import { connectionStringOf } from './with-client.ts';

/** How a database is brought to the state in which tests begin. */
export interface Preparation {
  /** Same name, same template: it is prepared once per run. */
  readonly name: string;
  /** Migrates, seeds, … Has to close its connections. */
  readonly run: (connectionString: string) => Promise<void>;
}

/**
 * Makes the template of this run when it does not exist, in exactly one of the processes that ask for it.
 *
 * @returns its name. Nobody can connect to it any more, so that copies are made at any time.
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

/** `datistemplate` is set when it is ready: what a process left that died before is made again. */
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
  // A pool that is just closing would make the first copies wait for it.
  await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
    name,
  ]);
}
