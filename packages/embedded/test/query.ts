import { Client } from 'pg';

/** Runs one statement on a new connection and returns the rows. */
export async function query<TRow extends object = Record<string, unknown>>(
  connectionString: string,
  statement: string,
): Promise<TRow[]> {
  const client = new Client({ connectionString });
  client.on('error', () => {}); // the running query reports the error
  await client.connect();
  try {
    const { rows } = await client.query<TRow>(statement);
    return rows;
  } finally {
    await client.end();
  }
}
