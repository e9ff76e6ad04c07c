import { databaseTest } from '@leftfold/testbed/database';
import { expect } from 'vitest';
import { untilBlocked } from '../src/postgres/index.ts';
import { withClient } from '../src/postgres/with-client.ts';

const test = databaseTest();

test('resolves when a session waits for a row, given a pool or a connection string', async ({
  database,
  pool,
}) => {
  await pool.query('create table accounts as select 7 as id, 0 as cents');
  const first = await pool.connect();
  await first.query('begin; update accounts set cents = 1');
  const second = pool.query('update accounts set cents = cents + 10');
  await untilBlocked(pool);
  await untilBlocked(database.connectionString);
  await untilBlocked(first); // also from inside the transaction that holds the lock
  await first.query('commit');
  first.release();
  await second;
  const { rows } = await pool.query('select cents from accounts');
  expect(rows).toEqual([{ cents: 11 }]);
});

test('sees a session that connects after the first look, from inside a transaction', async ({
  database,
  pool,
}) => {
  const first = await pool.connect();
  await first.query('begin; select pg_advisory_xact_lock(1)');
  await first.query('select from pg_stat_activity');
  const second = withClient(database.connectionString, (client) =>
    client.query('select pg_advisory_xact_lock(1)'),
  );
  await expect(untilBlocked(first)).resolves.toBeUndefined();
  await first.query('commit');
  first.release();
  await second;
});

test('counts the sessions, and times out with the missing number', async ({ pool }) => {
  const first = await pool.connect();
  await first.query('begin; select pg_advisory_xact_lock(1)');
  const second = pool.query('select pg_advisory_xact_lock(1)');
  const two = untilBlocked(pool, { count: 2, timeoutMs: 100 });
  await expect(two).rejects.toThrow(
    /timed out after 100 ms, waiting for 2 session\(s\) of this database to wait for a lock/,
  );
  await first.query('commit');
  first.release();
  await second;
});
