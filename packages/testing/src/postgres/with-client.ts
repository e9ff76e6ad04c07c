import { Client } from 'pg';

/** Runs `action` on a connection of its own, which is closed afterwards. */
export async function withClient<T>(
  connectionString: string,
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString });
  client.on('error', () => {}); // a connection that is cut fails its query, and need not end the process
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}

/** The same server, user and options, another database. */
export function connectionStringOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
