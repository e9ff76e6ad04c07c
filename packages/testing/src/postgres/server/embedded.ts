import { startPostgres } from '@leftfold/embedded';
import type { TestServer } from './test-server.ts';

/** @throws Error that names the other ways to get a server, with the reason of the failure as its cause. */
export async function startEmbedded(version: 15 | 16 | 17 | 18): Promise<TestServer> {
  try {
    const server = await startPostgres({ version });
    return {
      connectionString: server.superuserConnectionString,
      description: server.description,
      stop: () => server.stop(),
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `no PostgreSQL server for tests: ${reason}. Or set DATABASE_URL to a server whose user may create ` +
        'databases, or set LEFTFOLD_TEST_POSTGRES=testcontainers to use Docker',
      { cause },
    );
  }
}
