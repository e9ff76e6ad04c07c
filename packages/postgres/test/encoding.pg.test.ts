import { databaseTest } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import pg from 'pg';
import { expect } from 'vitest';
import { applyMigrations } from '../src/index.ts';

const test = databaseTest();

test('a database that does not store UTF-8 is refused by its encoding', async ({ database, pool }) => {
  const name = `${database.name}_latin1`;
  await pool.query(
    `create database "${name}" encoding 'LATIN1' locale_provider libc locale 'C' template template0`,
  );
  const url = new URL(database.connectionString);
  url.pathname = `/${name}`;
  const latin1 = new pg.Pool({ connectionString: url.href });
  try {
    const options = { schema: 'leftfold', component: 'none', migrations: [] };
    expect(await failureOf(applyMigrations(latin1, options))).toMatchObject({
      code: 'WRONG_ENCODING',
      retryable: false,
      encoding: 'LATIN1',
    });
  } finally {
    await latin1.end();
    await pool.query(`drop database "${name}"`);
  }
});
