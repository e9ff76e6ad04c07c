import { type Client, escapeIdentifier } from 'pg';
import { databaseName, newRunName } from './database-name.ts';
import { dropDatabase } from './drop-databases.ts';
import { type Preparation, ensureTemplate } from './template.ts';
import { connectionStringOf, withClient } from './with-client.ts';
import '../vitest/provided-context.ts';

export interface TestDatabaseOptions {
  /** Brings the database to the state in which the tests begin. Without it the database is empty. */
  readonly prepare?: Preparation;
  /**
   * Connection string of a server, with a user that may create databases. `prepare` then runs for each database.
   *
   * @default the server that `@leftfold/testing/vitest-global-setup` provides
   */
  readonly server?: string;
}

/** A separate database for one test file. */
export interface TestDatabase extends AsyncDisposable {
  readonly connectionString: string;
  readonly name: string;
}

/**
 * Creates a database for one test file, in 10 to 200 ms: a copy of a template. The first worker process of vitest
 * that needs the template prepares it, once per run.
 *
 * ```ts
 * const database = await createTestDatabase({
 *   prepare: { name: 'shop', run: async (connectionString) => migrate(connectionString) },
 * });
 * const pool = new Pool({ connectionString: database.connectionString });
 * afterAll(async () => {
 *   await pool.end();
 *   await database[Symbol.asyncDispose]();
 * });
 * ```
 *
 * Disposing of the database closes its connections and drops it. The global setup drops databases that were not
 * disposed of at the end of the run.
 *
 * @throws Error when there is no server, because vitest's configuration lacks the global setup.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { prepare } = options;
  const { server, run } =
    options.server === undefined ? await providedServer() : { server: options.server, run: undefined };
  const name = databaseName(run ?? newRunName(new Date()));
  const database: TestDatabase = {
    name,
    connectionString: connectionStringOf(server, name),
    [Symbol.asyncDispose]: () => withClient(server, (admin) => dropDatabase(admin, name)),
  };
  const canShare = run !== undefined && prepare !== undefined;
  await withClient(server, async (admin) => {
    // template0 allows no connections, so it can always be copied.
    const template = canShare ? await ensureTemplate(admin, server, run, prepare) : 'template0';
    await copyDatabase(admin, template, name);
  });
  if (!canShare) await prepareAlone(database, prepare);
  return database;
}

/** Without the name of a run there is no template, since it is unknown for how long it would be valid. */
async function prepareAlone(database: TestDatabase, prepare: Preparation | undefined): Promise<void> {
  try {
    await prepare?.run(database.connectionString);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

async function copyDatabase(admin: Client, template: string, name: string): Promise<void> {
  // file_copy begins and ends with a checkpoint: ten times as fast as wal_log without fsync, and slower with fsync.
  const { rows } = await admin.query<{ fsync: string }>('show fsync');
  const strategy = rows[0]?.fsync === 'off' ? 'file_copy' : 'wal_log';
  await admin.query(
    `create database ${escapeIdentifier(name)} template ${escapeIdentifier(template)} strategy ${strategy}`,
  );
}

async function providedServer(): Promise<{ server: string; run: string | undefined }> {
  const { inject } = await import('vitest');
  const server: string | undefined = inject('leftfoldPostgres');
  if (server === undefined) {
    throw new Error(
      'no PostgreSQL server for tests: add globalSetup: ["@leftfold/testing/vitest-global-setup"] to the ' +
        '`test` section of your vitest configuration, or pass the option "server"',
    );
  }
  return { server, run: inject('leftfoldTestRun') };
}
