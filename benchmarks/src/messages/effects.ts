import pg from 'pg';
import type { BenchDatabase } from '../server/database-server.ts';

/** The effects of messages: one row for each. */
export interface Effects extends AsyncDisposable {
  /** Counts one. */
  readonly happened: () => void;
  /** Resolves when as many as expected have happened. */
  readonly all: Promise<void>;
}

/** Creates an empty table `effects`. Disposing of it fails when another number of rows is in it. */
export async function effectsTable(database: BenchDatabase, expected: number): Promise<Effects> {
  await query(
    database,
    `set client_min_messages to warning; drop table if exists effects;
     create table effects (key text, position bigint, cents integer, primary key (key, position))`,
  );
  let count = 0;
  let resolve = () => {};
  const all = new Promise<void>((resolveAll) => {
    resolve = resolveAll;
  });
  return {
    all,
    happened: () => {
      count += 1;
      if (count === expected) resolve();
    },
    async [Symbol.asyncDispose]() {
      const [row] = await query<{ count: string }>(database, 'select count(*) from effects');
      if (Number(row?.count) !== expected) throw new Error(`${row?.count} effects instead of ${expected}`);
    },
  };
}

async function query<TRow extends pg.QueryResultRow>(
  { connectionString }: BenchDatabase,
  text: string,
): Promise<readonly TRow[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<TRow>(text)).rows;
  } finally {
    await client.end();
  }
}
