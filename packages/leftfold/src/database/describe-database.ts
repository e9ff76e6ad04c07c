import type { PostgresEventStore } from '@leftfold/event-store';
import type { ChosenDatabase } from './choose-database.ts';

/** One line for people: `PostgreSQL 17.10, database "bank" on db.example.com:5432 (DATABASE_URL)`. No password. */
export async function describeDatabase(
  database: ChosenDatabase,
  pool: PostgresEventStore['pool'],
): Promise<string> {
  if (database.isComplete) return database.origin;
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ version: string; name: string }>(
      `select split_part(current_setting('server_version'), ' ', 1) as version, current_database() as name`,
    );
    const { version = '', name = '' } = rows[0] ?? {};
    return `PostgreSQL ${version}, database "${name}" on ${client.host}:${client.port} (${database.origin})`;
  } finally {
    client.release();
  }
}
