import type { TestProject } from 'vitest/node';
import { newRunName } from '../postgres/database-name.ts';
import { dropDatabasesOf, dropLeftovers } from '../postgres/drop-databases.ts';
import { chooseServer } from '../postgres/server/choose-server.ts';
import type { Environment } from '../postgres/server/test-server.ts';
import { withClient } from '../postgres/with-client.ts';
import './provided-context.ts';

/**
 * Gives the tests of a vitest project a real Postgres server, and takes away what they leave on it.
 *
 * ```ts
 * export default defineConfig({ test: { globalSetup: ['@leftfold/testing/vitest-global-setup'] } });
 * ```
 *
 * The server is that of `DATABASE_URL`; else a container, when `LEFTFOLD_TEST_POSTGRES` is
 * `testcontainers`; else one from the binaries of `@leftfold/embedded`. Which, is printed in one line.
 * Test files get a database each by `createTestDatabase` of `@leftfold/testing/postgres`.
 *
 * @param environment where the variables are looked for. A set-up of its own for another server passes another one.
 * @default process.env
 * @returns what vitest calls when the run has ended.
 * @throws Error when there is no server, with a sentence on how to get one. Tests are never skipped for want of one.
 */
export async function setup(
  project: Pick<TestProject, 'provide' | 'onTestsRerun'>,
  environment: Environment = process.env,
): Promise<() => Promise<void>> {
  const server = await chooseServer(environment);
  const { connectionString } = server;
  process.stdout.write(`Tests use ${server.description}.\n`);

  let run = newRunName(new Date());
  project.provide('leftfoldPostgres', connectionString);
  project.provide('leftfoldTestRun', run);
  const dropDatabases = () => withClient(connectionString, (admin) => dropDatabasesOf(admin, run));

  // In watch mode, what prepares a template may have changed.
  project.onTestsRerun(async () => {
    await dropDatabases();
    run = newRunName(new Date());
    project.provide('leftfoldTestRun', run);
  });
  await withClient(connectionString, (admin) => dropLeftovers(admin, new Date()));

  return async () => {
    await dropDatabases();
    await server.stop();
  };
}
