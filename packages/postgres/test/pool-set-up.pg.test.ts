import { databaseTest } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import pg from 'pg';
import { describe, expect, onTestFinished } from 'vitest';
import { borrow, openPool, runnerOn, toLeftfoldError } from '../src/index.ts';

const test = databaseTest();

const one = { name: undefined, text: 'select 1 as one', values: [] };

function opened(options: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(options);
  openPool({ pool });
  onTestFinished(() => pool.end());
  return pool;
}

describe('a set-up of the caller’s pool', () => {
  const never = new Promise<never>(() => {});
  test.for([
    ['onConnect', { onConnect: () => never }],
    ['verify', { verify: () => {} }],
  ] as const)('that never ends gives its place back: %s', async ([name, option], { database }) => {
    const { connectionString } = database;
    const pool = opened({ connectionString, max: 1, connectionTimeoutMillis: 500, ...option });
    const failure = toLeftfoldError(await failureOf(runnerOn(pool, { prepare: false })(one)), 'leftfold');
    expect(failure).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(`${name} of the pool did not end within 500 ms`),
    });
    expect(pool.totalCount).toBe(0);
  });

  test('that throws fails the call, and not the process', async ({ database }) => {
    const broken = new Error('not verified');
    const verify = () => {
      throw broken;
    };
    const pool = opened({ connectionString: database.connectionString, max: 1, verify });
    expect(await failureOf(runnerOn(pool, { prepare: false })(one))).toBe(broken);
    expect(pool.totalCount).toBe(0);
  });
});

test('a call of a pool that gives no connection ends', async ({ database }) => {
  const { connectionString } = database;
  const pool = opened({ connectionString, max: 1, connectionTimeoutMillis: 100 });
  pool.connect = () => new Promise<never>(() => {});
  expect(toLeftfoldError(await failureOf(borrow(pool)), 'leftfold')).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('the pool gave no connection for 200 ms'),
  });
});

test('a pool that gives values in binary is refused', () => {
  const pool = new pg.Pool(Object.assign({ max: 1 }, { binary: true }));
  expect(() => openPool({ pool })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('a limit of the pool for answers is named', async ({ database }) => {
  const { connectionString } = database;
  const pool = opened({ connectionString, max: 1, query_timeout: 100 });
  const sleep = { name: undefined, text: 'select pg_sleep(5)', values: [] };
  const failure = await failureOf(runnerOn(pool, { prepare: false })(sleep));
  expect(toLeftfoldError(failure, 'leftfold')).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('within the query_timeout of the pool'),
  });
});
