import pg from 'pg';
import type { BenchDatabase } from '../server/database-server.ts';

/** Creates the empty read model and checkpoint of the hand-written loops. */
export const emptyReadModel = `
  drop table if exists balances, checkpoint;
  create table balances (
    account_id text    not null primary key,
    owner      text    not null,
    cents      bigint  not null,
    entries    integer not null
  );
  create table checkpoint (name text not null primary key, position bigint not null);
  insert into checkpoint values ('balances', 0);`;

/** @throws TypeError when the read model does not include this number of events, which makes the figure invalid */
export async function assertBalances(database: BenchDatabase, table: string, events: number): Promise<void> {
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ entries: string | null }>(
      `select sum(entries)::text as entries from ${table}`,
    );
    const found = rows[0]?.entries ?? '0';
    if (found !== String(events)) throw new TypeError(`${table} has ${found} of ${events} events`);
  } finally {
    await client.end();
  }
}
