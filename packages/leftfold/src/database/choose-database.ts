import { DatabaseNotConfiguredError, InvalidArgumentError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { type EmbeddedModule, isNotInstalled } from './load-embedded.ts';

type Pool = PostgresEventStore['pool'];

/** Where the embedded Postgres keeps its data: it is for development, so its data stay with the project. */
const KEPT_DIRECTORY = '.leftfold/postgres';

/** Which database an app uses. */
export interface DatabaseOptions {
  /**
   * Connection string of a PostgreSQL 15 or newer.
   *
   * @default the environment variable DATABASE_URL; without it, unless NODE_ENV is "production", an embedded Postgres,
   * kept in `.leftfold/postgres`, if the package `@leftfold/embedded` is installed
   */
  readonly url?: string | undefined;
  /** A pool of `pg`, in place of a connection string. Closing the app does not end it. */
  readonly pool?: Pool | undefined;
  /**
   * Whether to use the embedded Postgres: `true` in any case, `false` never.
   *
   * @default only when neither `url` nor `pool` nor DATABASE_URL is given, and NODE_ENV is not "production"
   */
  readonly embedded?: boolean | undefined;
}

/** The database that was found. */
export interface ChosenDatabase {
  readonly connectionString?: string;
  readonly pool?: Pool;
  /** Where it was configured, such as `DATABASE_URL`; the whole description when `isComplete`. */
  readonly origin: string;
  readonly isComplete: boolean;
  /** Stops what was started for the app. */
  readonly stop: () => Promise<void>;
}

/** What {@link chooseDatabase} takes from the process. */
interface Surroundings {
  /** Has DATABASE_URL, where an empty string counts as not set, and NODE_ENV. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Loads the optional package. */
  readonly loadEmbedded: () => Promise<EmbeddedModule>;
  /** Prints one line. */
  readonly print: (line: string) => void;
}

const nothingToStop = async () => {};

/**
 * Finds the database of an app. One line is printed when an embedded server was started.
 *
 * @throws DatabaseNotConfiguredError when there is none; its message says what to set or to install.
 * @throws InvalidArgumentError when several of a connection string, a pool and `embedded: true` are given.
 */
export async function chooseDatabase(
  { url, pool, embedded }: DatabaseOptions,
  { environment, loadEmbedded, print }: Surroundings,
): Promise<ChosenDatabase> {
  if ([url !== undefined, pool !== undefined, embedded === true].filter(Boolean).length > 1)
    throw new InvalidArgumentError('database', 'takes only one of url, pool and embedded');
  if (pool !== undefined) return { pool, origin: 'database.pool', isComplete: false, stop: nothingToStop };
  if (url !== undefined) return byUrl(url, 'database.url');
  const { DATABASE_URL: fromEnvironment = '', NODE_ENV } = environment;
  if (fromEnvironment !== '' && embedded !== true) return byUrl(fromEnvironment, 'DATABASE_URL');
  if (embedded === false) throw new DatabaseNotConfiguredError(`${SET_ONE}; database.embedded is false`);
  if (NODE_ENV === 'production' && embedded !== true) {
    throw new DatabaseNotConfiguredError(
      `${SET_ONE}. NODE_ENV is "production", so the embedded PostgreSQL, whose data would stay in this directory, ` +
        'is started only with database: { embedded: true }',
    );
  }
  const { startPostgres } = await loaded(loadEmbedded);
  const server = await startPostgres({ directory: KEPT_DIRECTORY });
  const { connectionString, description } = server;
  const reason = embedded === true ? 'database.embedded is true' : 'DATABASE_URL is not set';
  print(`leftfold: ${reason}, so ${description} is used`);
  return { connectionString, origin: description, isComplete: true, stop: () => server.stop() };
}

const SET_ONE = 'set DATABASE_URL, or pass database: { url }, to use a PostgreSQL 15 or newer';

function byUrl(connectionString: string, origin: string): ChosenDatabase {
  return { connectionString, origin, isComplete: false, stop: nothingToStop };
}

async function loaded(loadEmbedded: () => Promise<EmbeddedModule>): Promise<EmbeddedModule> {
  try {
    return await loadEmbedded();
  } catch (cause) {
    if (!isNotInstalled(cause)) throw cause;
    throw new DatabaseNotConfiguredError(
      `${SET_ONE}; or run "npm install --save-dev @leftfold/embedded" to develop with one that is kept in ${KEPT_DIRECTORY}`,
      { cause },
    );
  }
}
