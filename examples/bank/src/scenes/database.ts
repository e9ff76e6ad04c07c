import { startPostgres } from '@leftfold/embedded';
import { uuidv7 } from 'leftfold';
import pg from 'pg';
import type { BankPlace } from '../open-bank.ts';

/**
 * The database of one demo: that of DATABASE_URL, or an embedded server that is stopped at the end.
 *
 * With DEMO_SCHEMA the log is in this schema, which is left as it is at the end: the role of DATABASE_URL then needs no
 * right to create anything, if its owner has migrated it.
 */
export interface DemoDatabase extends AsyncDisposable {
  readonly place: BankPlace;
  readonly description: string;
}

export async function openDatabase(): Promise<DemoDatabase> {
  const prepared = process.env['DEMO_SCHEMA'];
  const schema = prepared ?? `demo_${uuidv7(Date.now()).slice(-10).toLowerCase()}`;
  const given = process.env['DATABASE_URL'];
  if (given !== undefined && given !== '') {
    const place = { databaseUrl: given, schema };
    return {
      place,
      description: 'the PostgreSQL of DATABASE_URL',
      [Symbol.asyncDispose]: () => (prepared === undefined ? dropSchemas(place) : Promise.resolve()),
    };
  }
  const server = await startPostgres();
  return {
    place: { databaseUrl: server.connectionString, schema },
    description: server.description,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Drops the schema of the log and those of its read models, so that the user's database is as it was before. */
async function dropSchemas({ databaseUrl, schema }: BankPlace): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(nspname) as name from pg_namespace where nspname = $1 or starts_with(nspname, $1 || '_')`,
      [schema],
    );
    for (const { name } of rows) await client.query(`drop schema ${name} cascade`);
  } finally {
    await client.end();
  }
}
