import { userInfo } from 'node:os';
import { Client } from 'pg';

export interface StockServer {
  readonly connectionString: string;
  /** The setting `jit`: `on` in a packaged server, while the npm-shipped binaries have no JIT. */
  readonly jit: string;
}

/**
 * Finds the server at 127.0.0.1:5432, for a role named after the user of the operating system or `postgres`.
 *
 * @throws Error when no such role can connect. A run that asks for this server never goes on without it.
 */
export async function findStockServer(): Promise<StockServer> {
  const failures: string[] = [];
  for (const connectionString of candidates()) {
    try {
      return { connectionString, jit: await readJit(connectionString) };
    } catch (error) {
      failures.push(`${connectionString}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    'no PostgreSQL server at the standard port accepts a connection without a password, and ' +
      'LEFTFOLD_REQUIRE_SERVICES asks for one: start it, allow the role, or unset the variable.\n' +
      failures.map((failure) => `  ${failure}`).join('\n'),
  );
}

function candidates(): readonly string[] {
  const roles = new Set([userInfo().username, 'postgres']);
  return [...roles].flatMap((role) =>
    ['test', 'postgres'].map(
      (database) => `postgres://${encodeURIComponent(role)}@127.0.0.1:5432/${database}`,
    ),
  );
}

async function readJit(connectionString: string): Promise<string> {
  const client = new Client({ connectionString });
  client.on('error', () => {}); // a connection that is cut fails its query, and must not end the process
  await client.connect();
  try {
    const { rows } = await client.query<{ jit: string }>('show jit');
    return rows[0]?.jit ?? 'unknown';
  } finally {
    await client.end();
  }
}

/** A refused connection has its reasons inside. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
