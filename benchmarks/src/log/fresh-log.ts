import type { AnyEventGroup } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import pg from 'pg';
import { accountEvents } from '../domain/account.ts';
import type { BenchDatabase } from '../server/database-server.ts';

/** Opens a store with default options. */
export function openLog(
  { connectionString }: BenchDatabase,
  events: readonly AnyEventGroup[] = [accountEvents],
): PostgresEventStore {
  return createEventStore({ events, connectionString });
}

/** Replaces the log of the database by an empty one. */
export async function freshLog(
  database: BenchDatabase,
  events?: readonly AnyEventGroup[],
): Promise<PostgresEventStore> {
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query('set client_min_messages to warning; drop schema if exists leftfold cascade');
  await client.end();
  const store = openLog(database, events);
  await store.migrate();
  return store;
}

/** Creates the table of an empty log, with all its indexes and constraints, for SQL by hand. */
export async function freshTable(database: BenchDatabase): Promise<void> {
  await using _ = await freshLog(database);
}
