import { createEventStore, type EventStoreOptions, type PostgresEventStore } from '@leftfold/event-store';
import pg from 'pg';
import { accountEvents } from '../domain/account.ts';
import type { BenchDatabase } from '../server/database-server.ts';

/** An empty log in place of whatever the database holds. */
export async function freshLog(
  { connectionString }: BenchDatabase,
  options: Partial<EventStoreOptions> = {},
): Promise<PostgresEventStore> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query('set client_min_messages to warning; drop schema if exists leftfold cascade');
  await client.end();
  const store = createEventStore({ events: [accountEvents], connectionString, ...options });
  await store.migrate();
  return store;
}

/** The table of an empty log, with all its indexes and checks, for statements written by hand. */
export async function freshTable(database: BenchDatabase): Promise<void> {
  await using _ = await freshLog(database);
}
