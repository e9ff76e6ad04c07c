import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { freshStore, freshStoreOf } from './recorder.ts';

/**
 * `test` with a database for the file, in which each test has an empty log with a table for recorders. `store` and
 * `processUrl` have the rights of an app that runs subscriptions, and no others; `adminStore` may also change tables and leases.
 */
export const test = databaseTest()
  .extend('connectionString', { scope: 'file' }, ({ database }) => database.connectionString)
  .extend('logins', { scope: 'file' }, async ({ database }, fixture) =>
    disposeAfter(fixture, await createRoleLogins(database)),
  )
  .extend('processUrl', { scope: 'file' }, ({ logins }) => logins.urlOf('process'))
  .extend('store', async ({ logins }, fixture) => disposeAfter(fixture, await freshStoreOf(logins)))
  .extend('adminStore', async ({ connectionString }, fixture) =>
    disposeAfter(fixture, await freshStore(connectionString)),
  );
