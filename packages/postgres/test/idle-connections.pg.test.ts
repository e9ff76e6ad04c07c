import { databaseTest } from '@leftfold/testbed/database';
import { killBackends } from '@leftfold/testbed/faults';
import pg from 'pg';
import { expect } from 'vitest';
import { openPool } from '../src/index.ts';

const test = databaseTest();

test('an idle connection of a pool without a listener can be killed', async ({ database, pool }) => {
  const callers = new pg.Pool({ connectionString: database.connectionString });
  try {
    openPool({ pool: callers });
    const client = await callers.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    client.release();
    // The pool emits its error before it removes the connection; without a listener that would end the process.
    const removed = new Promise<void>((resolve) => callers.once('remove', () => resolve()));
    expect(await killBackends(pool, rows[0]!.pid)).toBe(1);
    await removed;
    expect((await callers.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await callers.end();
  }
});
