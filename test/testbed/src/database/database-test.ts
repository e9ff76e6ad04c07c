import { type PostgresOptions, startPostgres } from '@leftfold/embedded';
import { createTestDatabase, type Preparation, type TestDatabase } from '@leftfold/testing/postgres';
import { Pool } from 'pg';
import { test } from 'vitest';
import { disposeAfter } from './dispose-after.ts';

/**
 * `test` with a database for the file, which its tests share, and one that is the test's alone. Each is created when a
 * test asks for it, and dropped afterwards. `pool` and `ownPool` are pools on them.
 *
 * @example
 * ```ts
 * const test = databaseTest().extend('app', { scope: 'file' }, async ({ database }, fixture) =>
 *   disposeAfter(fixture, await startApp(database.connectionString)),
 * );
 * test('an order is stored', async ({ app }) => { … });
 * ```
 *
 * @param prepare brings a database to the state in which tests begin. Without it databases are empty.
 */
export function databaseTest(prepare?: Preparation) {
  const options = prepare === undefined ? {} : { prepare };
  return test
    .extend('database', { scope: 'file' }, async ({}, fixture) =>
      disposeAfter(fixture, await createTestDatabase(options)),
    )
    .extend('ownDatabase', async ({}, fixture) => disposeAfter(fixture, await createTestDatabase(options)))
    .extend('pool', { scope: 'file' }, ({ database }, fixture) => disposeAfter(fixture, openPool(database)))
    .extend('ownPool', ({ ownDatabase }, fixture) => disposeAfter(fixture, openPool(ownDatabase)));
}

/** `test` with a server of its own for the file, which its tests may stop, kill and restart, and a database on it. */
export function serverTest(options: PostgresOptions, prepare: Preparation) {
  return test
    .extend('server', { scope: 'file' }, async ({}, fixture) =>
      disposeAfter(fixture, await startPostgres(options)),
    )
    .extend('database', { scope: 'file' }, ({ server }) =>
      createTestDatabase({ server: server.superuserConnectionString, prepare }),
    )
    .extend('pool', { scope: 'file' }, ({ database }, fixture) => disposeAfter(fixture, openPool(database)));
}

function openPool({ connectionString }: TestDatabase) {
  const pool = new Pool({ connectionString });
  pool.on('error', () => {}); // some tests kill connections or the server
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() });
}
