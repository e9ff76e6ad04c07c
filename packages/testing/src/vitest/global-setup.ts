import type { TestProject } from 'vitest/node';
import { newRunName } from '../postgres/database-name.ts';
import { dropDatabasesOf, dropLeftovers } from '../postgres/drop-databases.ts';
import { chooseServer } from '../postgres/server/choose-server.ts';
import type { Environment } from '../postgres/server/test-server.ts';
import { withClient } from '../postgres/with-client.ts';
import './provided-context.ts';

/**
 * Provides the tests of a vitest project with a real PostgreSQL server, and drops their databases afterwards.
 *
 * ```ts
 * export default defineConfig({ test: { globalSetup: ['@leftfold/testing/vitest-global-setup'] } });
 * ```
 *
 * The server is that of `DATABASE_URL`; otherwise a container, if `LEFTFOLD_TEST_POSTGRES` is
 * `testcontainers`; otherwise a server from the binaries of `@leftfold/embedded`. One printed line names it.
 * Each test file gets a database from `createTestDatabase` of `@leftfold/testing/postgres`.
 *
 * @param environment where the variables are looked for; a set-up for another server passes its own.
 * @default process.env
 * @returns the teardown, which vitest calls when the run has ended.
 * @throws Error when there is no server; the message says how to get one. Tests are never skipped for lack of a server.
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

  // In watch mode, the code that prepares a template can have changed.
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
