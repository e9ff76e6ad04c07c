import { databaseTest } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import pg from 'pg';
import { expect } from 'vitest';
import { openPool, runnerOn, toLeftfoldError } from '../src/index.ts';

const test = databaseTest();

test('a connection that goes silent after its login gives its place back', async ({ database }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  const { connectionString } = proxy;
  const pool = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 2_000 });
  openPool({ pool });
  const run = runnerOn(pool, { prepare: false });
  proxy.vanishAt('set_config');
  const failure = await failureOf(run({ name: undefined, text: 'select 1', values: [] }));
  expect(toLeftfoldError(failure, 'leftfold')).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message:
      'the database accepted a connection and then gave no answer for 2000 ms; nothing was sent, check the network',
  });
  expect(pool.totalCount).toBe(0);
  expect(await run({ name: undefined, text: 'select 1 as one', values: [] })).toEqual([{ one: 1 }]);
  await pool.end();
});

test('a connection that breaks right after its login does not end the process', async ({ database }) => {
  await using proxy = await TcpProxy.start(database.connectionString);
  const pool = new pg.Pool({ connectionString: proxy.connectionString, max: 1 });
  openPool({ pool });
  const ask = () =>
    runnerOn(pool, { prepare: false })({ name: undefined, text: 'select 1 as one', values: [] });
  // Without a listener on the connection, vitest reports an unhandled error, and another program ends.
  const lost = proxy.loseAnswerTo('set_config');
  expect(toLeftfoldError(await failureOf(ask()), 'leftfold')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await lost;
  expect(pool.totalCount).toBe(0);
  const [setUp] = await Promise.all([
    new Promise<pg.PoolClient>((resolve) => pool.once('acquire', resolve)),
    ask(),
  ]);
  expect(setUp.listenerCount('error')).toBeLessThanOrEqual(2); // those of the pool and of whoever uses it
  await pool.end();
});
