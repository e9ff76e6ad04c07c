import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { freshStore } from './recorder.ts';

/** `test` with a database for the file, in which each test has an empty log with a table for recorders. */
export const test = databaseTest()
  .extend('connectionString', { scope: 'file' }, ({ database }) => database.connectionString)
  .extend('store', async ({ connectionString }, fixture) =>
    disposeAfter(fixture, await freshStore(connectionString)),
  );
