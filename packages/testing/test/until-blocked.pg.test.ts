import { Pool } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createTestDatabase, untilBlocked } from '../src/postgres/index.ts';
import { withClient } from '../src/postgres/with-client.ts';

const database = await createTestDatabase();
const pool = new Pool({ connectionString: database.connectionString });
afterAll(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

test('resolves when a session waits for a row, whether asked by pool or by connection string', async () => {
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

test('sees a session that connects after the first look, from inside a transaction', async () => {
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

test('counts the sessions, and gives up with what was not built', async () => {
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
