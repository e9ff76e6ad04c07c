import { withClient } from '../with-client.ts';
import type { TestServer } from './test-server.ts';

const oldestVersion = 150_000;

/**
 * Uses the server that `DATABASE_URL` names.
 *
 * @throws Error when it does not respond, is older than PostgreSQL 15, or its user may not create databases.
 */
export async function useDatabaseUrl(url: string): Promise<TestServer> {
  const facts = await withClient(url, async (client) => {
    const { rows } = await client.query<Facts>(askFacts);
    return rows[0];
  }).catch((cause: unknown) => {
    throw new Error(`the server of DATABASE_URL does not respond: ${reasonOf(cause)}`, { cause });
  });
  if (facts === undefined || facts.number < oldestVersion) {
    throw new Error(
      `the server of DATABASE_URL is PostgreSQL ${facts?.version}; PostgreSQL 15 or newer is needed`,
    );
  }
  if (!facts.may_create) {
    throw new Error(
      `the user "${facts.user}" of DATABASE_URL may not create databases, and each test file needs one: ` +
        `run "alter role ${facts.user} createdb"`,
    );
  }
  const { hostname, port } = new URL(url);
  return {
    connectionString: url,
    description: `PostgreSQL ${facts.version} (DATABASE_URL, ${hostname}:${port === '' ? '5432' : port})`,
    stop: async () => {},
  };
}

interface Facts {
  readonly version: string;
  readonly number: number;
  readonly user: string;
  readonly may_create: boolean;
}

const askFacts = `
  select split_part(current_setting('server_version'), ' ', 1) as version,
         current_setting('server_version_num')::int as number,
         current_user as user,
         rolsuper or rolcreatedb as may_create
    from pg_roles
   where rolname = current_user`;

/** A refused connection is an AggregateError, with one error for each address. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
