import type { PostgresEventStore } from '@leftfold/event-store';
import { borrow, hostOf, runnerOn, toLeftfoldError } from '@leftfold/postgres';
import { type DatabaseRow, databaseStatement } from '../sql/database.ts';
import type { ChosenDatabase } from './choose-database.ts';

/**
 * One line for people: `PostgreSQL 17.10, database "bank" on db.example.com:5432 (DATABASE_URL)`. No password.
 *
 * @throws StoreUnavailableError when the database cannot be reached.
 */
export async function describeDatabase(
  { isComplete, origin }: ChosenDatabase,
  { pool, schema, answerMs }: PostgresEventStore,
): Promise<string> {
  if (isComplete) return origin;
  try {
    const { client, release } = await borrow(pool);
    try {
      const [row] = await runnerOn(client, { prepare: false, answerMs })<DatabaseRow>(databaseStatement);
      const { version = '', name = '' } = row ?? {};
      return `PostgreSQL ${version}, database "${name}" on ${client.host}:${client.port} (${origin})`;
    } finally {
      release();
    }
  } catch (error) {
    throw toLeftfoldError(error, schema);
  }
}

/** The server and where it was configured, without a connection to it: `db.example.com:5432 (DATABASE_URL)`. */
export function placeOf({ connectionString, pool, origin, isComplete }: ChosenDatabase): string {
  if (isComplete) return origin;
  // What is given in place of a pool is refused by the store.
  const options = pool?.options;
  const url = connectionString ?? options?.connectionString ?? '';
  const host = hostOf(url) ?? options?.host;
  return host === undefined || host === '' ? origin : `${host} (${origin})`;
}
