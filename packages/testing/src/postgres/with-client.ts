import { Client } from 'pg';

/** Opens a connection, runs `action` on it, and closes it. */
export async function withClient<T>(
  connectionString: string,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString });
  client.on('error', () => {}); // the query fails with the error; without a listener it would also end the process
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

/** The connection string with another database. */
export function connectionStringOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
