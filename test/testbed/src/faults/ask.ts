import { Client } from 'pg';

/** One statement on a connection of its own. @returns its rows */
export async function ask(
  connectionString: string,
  statement: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString });
  client.on('error', () => {}); // the server may crash meanwhile
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
