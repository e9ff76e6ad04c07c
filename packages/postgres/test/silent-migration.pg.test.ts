import { databaseTest } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import pg from 'pg';
import { expect } from 'vitest';
import { applyMigrations, openPool } from '../src/index.ts';

const test = databaseTest();

const slow = {
  number: 1,
  name: '0001-slow',
  sql: 'create table :schema.slow (id integer); select pg_sleep(1.5)',
};
const options = { schema: 'leftfold', component: 'test', migrations: [slow], answerMs: 300 };

test('a migration that takes longer than an answer is not given up', async ({ ownPool: pool }) => {
  await applyMigrations(pool, options);
  expect((await pool.query('select name from leftfold.migrations')).rows).toEqual([{ name: '0001-slow' }]);
});

test('a migration whose statement the network has lost is given up', async ({ ownDatabase: database }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  const { pool } = openPool({ pool: new pg.Pool({ connectionString: proxy.connectionString, max: 1 }) });
  proxy.vanishAt('create table "leftfold".slow');
  const began = performance.now();
  expect(await failureOf(applyMigrations(pool, options))).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message: expect.stringMatching(/does not work on a statement that was sent .*check the network$/),
  });
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(pool.totalCount).toBe(0);
  // The lost session does not hold its locks any longer.
  await applyMigrations(pool, options);
  await pool.end();
});

test('a migration is given up when the whole network goes silent', async ({
  ownDatabase: database,
  ownPool,
}) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  const { pool } = openPool({
    pool: new pg.Pool({
      connectionString: proxy.connectionString,
      max: 1,
      connectionTimeoutMillis: 300,
    }),
  });
  const migrating = failureOf(applyMigrations(pool, options));
  const working = `select from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()`;
  await expect.poll(async () => (await ownPool.query(working)).rowCount).toBe(1);
  proxy.stall();
  expect(await migrating).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  await proxy.restore();
  await pool.end();
});
