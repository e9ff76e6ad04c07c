import { randomBytes } from 'node:crypto';
import { startPostgres } from '@leftfold/embedded';
import pg from 'pg';
import { machine } from './machine.ts';

/** A separate database for one workload. */
export interface BenchDatabase {
  readonly connectionString: string;
  drop(): Promise<void>;
}

/** The server of a run. Disposing of it drops the databases that were created on it. */
export interface DatabaseServer extends AsyncDisposable {
  readonly description: string;
  readonly connectionString: string;
  createDatabase(): Promise<BenchDatabase>;
}

/**
 * Opens the server of `DATABASE_URL`, or starts an embedded server for this run.
 *
 * The embedded server has durable commits and a usual amount of memory for the machine. Its checkpoints are an hour
 * apart, so that no checkpoint slows one measurement and not the next.
 */
export async function openServer(url: string | undefined): Promise<DatabaseServer> {
  if (url !== undefined && url !== '') return serverAt(url, 'the server of DATABASE_URL', async () => {});
  const postgres = await startPostgres({
    durable: true,
    settings: {
      wal_level: 'replica',
      shared_buffers: `${Math.max(128, Math.min(16_384, Math.floor(machine().memoryMb / 4)))}MB`,
      max_wal_size: '16GB',
      checkpoint_timeout: '1h',
    },
  });
  return serverAt(postgres.superuserConnectionString, postgres.description, () => postgres.stop());
}

function serverAt(connectionString: string, description: string, stop: () => Promise<void>): DatabaseServer {
  const databases = new Set<BenchDatabase>();
  let stopping: Promise<void> | undefined;
  const dropAllAndStop = async () => {
    for (const database of databases) await database.drop();
    await stop();
  };
  const onServer = async (sql: string) => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  return {
    description,
    connectionString,
    async createDatabase() {
      if (stopping !== undefined) throw new TypeError('the run was stopped');
      const name = `leftfold_bench_${randomBytes(6).toString('hex')}`;
      await onServer(`create database ${name}`);
      const url = new URL(connectionString);
      url.pathname = `/${name}`;
      const database: BenchDatabase = {
        connectionString: url.href,
        async drop() {
          databases.delete(database);
          await onServer(`drop database if exists ${name} with (force)`);
        },
      };
      databases.add(database);
      return database;
    },
    [Symbol.asyncDispose]() {
      stopping ??= dropAllAndStop();
      return stopping;
    },
  };
}
