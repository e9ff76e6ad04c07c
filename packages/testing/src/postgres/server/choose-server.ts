import { startContainer } from './container.ts';
import { useDatabaseUrl } from './database-url.ts';
import { startEmbedded } from './embedded.ts';
import { type Environment, type TestServer, wantedVersion } from './test-server.ts';

/**
 * Chooses the PostgreSQL server for tests, and starts it if necessary. The first that applies:
 *
 * 1. `DATABASE_URL`: that server. The tests create separate databases on it.
 * 2. `LEFTFOLD_TEST_POSTGRES=testcontainers`: a container, started by the package `@testcontainers/postgresql`.
 * 3. The binaries of `@leftfold/embedded`.
 *
 * `LEFTFOLD_TEST_POSTGRES_VERSION` (15 to 18) chooses the version of 2 and 3.
 *
 * @throws Error with a message that says how to get a server. It never falls back from a configured server to another.
 */
export async function chooseServer(environment: Environment): Promise<TestServer> {
  const url = environment['DATABASE_URL'];
  if (url !== undefined && url !== '') return useDatabaseUrl(url);

  const kind = environment['LEFTFOLD_TEST_POSTGRES'] ?? 'embedded';
  switch (kind) {
    case 'testcontainers':
      return startContainer(environment, wantedVersion(environment));
    case 'embedded':
      return startEmbedded(wantedVersion(environment));
    default:
      throw new RangeError(`LEFTFOLD_TEST_POSTGRES is "${kind}"; it must be "embedded" or "testcontainers"`);
  }
}
