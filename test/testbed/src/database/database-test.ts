import { createTestDatabase, type Preparation } from '@leftfold/testing/postgres';
import { Pool } from 'pg';
import { test } from 'vitest';
import { disposeAfter } from './dispose-after.ts';

/**
 * `test` with a database for the file, which its tests share, and one that is the test's alone. Each is made when a
 * test asks for it, and dropped afterwards.
 *
 * @example
 * ```ts
 * const test = databaseTest().extend('app', ({ database }, fixture) =>
 *   startApp(database.connectionString).then((app) => disposeAfter(fixture, app)),
 * );
 * test('an order is stored', async ({ app }) => { … });
 * ```
 *
 * @param prepare brings a database to the state in which tests begin. Without it databases are empty.
 */
export function databaseTest(prepare?: Preparation) {
  const createDatabase = () => createTestDatabase(prepare === undefined ? {} : { prepare });
  return test
    .extend('database', { scope: 'file' }, async ({}, fixture) =>
      disposeAfter(fixture, await createDatabase()),
    )
    .extend('ownDatabase', async ({}, fixture) => disposeAfter(fixture, await createDatabase()))
    .extend('pool', { scope: 'file' }, ({ database }, { onCleanup }) => {
      const pool = new Pool({ connectionString: database.connectionString });
      onCleanup(() => pool.end());
      return pool;
    });
}
