import { createTestDatabase } from '@leftfold/testing/postgres';
import pg from 'pg';

/** An empty database and a pool on it. */
export async function createDatabase() {
  const database = await createTestDatabase();
  const pool = new pg.Pool({ connectionString: database.connectionString, max: 3 });
  return {
    pool,
    connectionString: database.connectionString,
    [Symbol.asyncDispose]: async () => {
      await pool.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new TypeError('it was expected to fail');
    },
    (error: unknown) => error,
  );
}
