import { borrow, type PostgresEventStore, toStoreError } from '@leftfold/event-store';
import type { ChosenDatabase } from './choose-database.ts';

/**
 * One line for people: `PostgreSQL 17.10, database "bank" on db.example.com:5432 (DATABASE_URL)`. No password.
 *
 * @throws StoreUnavailableError when the database cannot be reached.
 */
export async function describeDatabase(
  { isComplete, origin }: ChosenDatabase,
  { pool, schema }: PostgresEventStore,
): Promise<string> {
  if (isComplete) return origin;
  try {
    const { client, release } = await borrow(pool);
    try {
      const { rows } = await client.query<{ version: string; name: string }>(
        `select split_part(current_setting('server_version'), ' ', 1) as version, current_database() as name`,
      );
      const { version = '', name = '' } = rows[0] ?? {};
      return `PostgreSQL ${version}, database "${name}" on ${client.host}:${client.port} (${origin})`;
    } finally {
      release();
    }
  } catch (error) {
    throw toStoreError(error, schema);
  }
}
