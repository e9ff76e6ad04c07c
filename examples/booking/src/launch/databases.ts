import { startPostgres } from '@leftfold/embedded';
import pg from 'pg';

/** Databases that are dropped when they are disposed of. */
export interface Databases<TName extends string> extends AsyncDisposable {
  readonly description: string;
  readonly urls: Readonly<Record<TName, string>>;
}

/** Creates databases on one server: on that of DATABASE_URL, otherwise on an embedded one without data to keep. */
export async function createDatabases<TName extends string>(
  run: string,
  names: readonly TName[],
): Promise<Databases<TName>> {
  const { DATABASE_URL: given = '' } = process.env;
  const server = given === '' ? await startPostgres() : undefined;
  const url = server?.connectionString ?? given;
  const databaseOf = (name: string) => `${run}_${name}`;
  try {
    await execute(
      url,
      names.map((name) => `create database "${databaseOf(name)}"`),
    );
  } catch (error) {
    await server?.stop();
    throw error;
  }
  const urls = Object.fromEntries(names.map((name) => [name, urlOf(url, databaseOf(name))]));
  return {
    description: server?.description ?? 'the server of DATABASE_URL',
    // Sound: each name has an entry.
    urls: urls as Record<TName, string>,
    [Symbol.asyncDispose]: async () => {
      if (server !== undefined) return server.stop();
      await execute(
        url,
        names.map((name) => `drop database if exists "${databaseOf(name)}" with (force)`),
      );
    },
  };
}

async function execute(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
