import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { freshStore, freshStoreOf } from './runner.ts';

/**
 * `test` with a database for the file, in which each test has an empty log. `store` has the rights of an app that runs
 * projections, and no others; `adminStore` may also change tables and leases.
 */
export const test = databaseTest()
  .extend('logins', { scope: 'file' }, async ({ database }, fixture) =>
    disposeAfter(fixture, await createRoleLogins(database)),
  )
  .extend('store', async ({ logins }, fixture) => disposeAfter(fixture, await freshStoreOf(logins)))
  .extend('adminStore', async ({ database }, fixture) => disposeAfter(fixture, await freshStore(database)));
