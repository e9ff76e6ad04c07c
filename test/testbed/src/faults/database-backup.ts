import { Client, DatabaseError, escapeIdentifier } from 'pg';

/** A copy of a database as it was, which can be put in its place. */
export interface DatabaseBackup {
  /** Renames the copy to the name of the database. All connections to the database are cut. */
  restore(): Promise<void>;
}

/** Puts a database away, under another name, until the result is called. All connections to it are cut. */
export async function putDatabaseAway(connectionString: string): Promise<() => Promise<void>> {
  const name = new URL(connectionString).pathname.slice(1);
  const rename = (from: string, to: string) =>
    asAdmin(connectionString, async (admin) => {
      await renameWithoutConnections(admin, from, [[from, to]]);
      await admin.query(`alter database ${escapeIdentifier(to)} allow_connections true`);
    });
  await rename(name, `${name}_away`);
  return () => rename(`${name}_away`, name);
}

/** Copies a database, within its server. Connections to it are cut. */
export async function backUpDatabase(connectionString: string): Promise<DatabaseBackup> {
  const name = new URL(connectionString).pathname.slice(1);
  const copy = `${name}_backup`;
  await asAdmin(connectionString, async (admin) => {
    await cutConnections(admin, name);
    await admin.query(`create database ${escapeIdentifier(copy)} template ${escapeIdentifier(name)}`);
    await admin.query(`alter database ${escapeIdentifier(name)} allow_connections true`);
  });
  return {
    restore: () =>
      asAdmin(connectionString, async (admin) => {
        const lost = `${name}_lost`;
        // Both at once: at no time is there no database of the name.
        await renameWithoutConnections(admin, name, [
          [name, lost],
          [copy, name],
        ]);
        await admin.query(`drop database ${escapeIdentifier(lost)} with (force)`);
      }),
  };
}

const OBJECT_IN_USE = '55006';

/** A login that was allowed a moment before may be there only after the others were cut: then all is done again. */
async function renameWithoutConnections(
  admin: Client,
  name: string,
  names: readonly (readonly [from: string, to: string])[],
): Promise<void> {
  const renames = names.map(
    ([from, to]) => `alter database ${escapeIdentifier(from)} rename to ${escapeIdentifier(to)};`,
  );
  for (;;) {
    await cutConnections(admin, name);
    try {
      await admin.query(`begin; ${renames.join(' ')} commit`);
      return;
    } catch (error) {
      await admin.query('rollback');
      if (!(error instanceof DatabaseError) || error.code !== OBJECT_IN_USE) throw error;
    }
  }
}

/** Until the database allows connections again, none can come back while it is copied or renamed. */
async function cutConnections(admin: Client, name: string): Promise<void> {
  await admin.query(`alter database ${escapeIdentifier(name)} allow_connections false`);
  let found: number | null;
  do {
    const cut = await admin.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1',
      [name],
    );
    found = cut.rowCount;
  } while (found !== 0);
}

async function asAdmin(connectionString: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const url = new URL(connectionString);
  url.pathname = '/postgres';
  const admin = new Client({ connectionString: url.href });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
