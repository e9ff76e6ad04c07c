import { createTestDatabase } from '@leftfold/testing/postgres';
import { test as base } from 'vitest';

/** `test` with a database for the file. */
export const test = base.extend('connectionString', { scope: 'file' }, async ({}, { onCleanup }) => {
  const database = await createTestDatabase();
  onCleanup(() => database[Symbol.asyncDispose]());
  return database.connectionString;
});
