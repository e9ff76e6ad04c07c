import { startContainer } from './container.ts';
import { useDatabaseUrl } from './database-url.ts';
import { startEmbedded } from './embedded.ts';
import { type Environment, type TestServer, wantedVersion } from './test-server.ts';

/**
 * Decides where the Postgres server for tests comes from, and starts it if need be:
 *
 * 1. `DATABASE_URL`: that server. The tests make databases of their own beside the one it names.
 * 2. `LEFTFOLD_TEST_POSTGRES=testcontainers`: a container, by the package `@testcontainers/postgresql`.
 * 3. The binaries that come with `@leftfold/embedded`.
 *
 * `LEFTFOLD_TEST_POSTGRES_VERSION` (15 to 18) chooses the version of 2 and 3.
 *
 * @throws Error that says how to get a server; never falls back from what was asked for.
 */
export async function chooseServer(environment: Environment): Promise<TestServer> {
  const url = environment['DATABASE_URL'];
  if (url !== undefined && url !== '') return useDatabaseUrl(url);

  const wish = environment['LEFTFOLD_TEST_POSTGRES'] ?? 'embedded';
  switch (wish) {
    case 'testcontainers':
      return startContainer(environment, wantedVersion(environment));
    case 'embedded':
      return startEmbedded(wantedVersion(environment));
    default:
      throw new RangeError(`LEFTFOLD_TEST_POSTGRES is "${wish}"; it can be "embedded" or "testcontainers"`);
  }
}
