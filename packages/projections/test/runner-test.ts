import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { freshStore } from './runner.ts';

/** `test` with a database for the file, in which each test has an empty log. */
export const test = databaseTest().extend('store', async ({ database }, fixture) =>
  disposeAfter(fixture, await freshStore(database)),
);
