import pg from 'pg';
import { expect, test } from 'vitest';
import { openPool } from './open-pool.ts';

test('a pool that is given stays the caller’s; one made from a connection string does not', async () => {
  const given = new pg.Pool();
  const opened = openPool({ pool: given });
  expect(opened.pool).toBe(given);
  const own = openPool({ connectionString: 'postgres://somewhere', maxConnections: 3 });
  expect(own.pool.options.max).toBe(3);
  const again = openPool({ pool: own.pool });
  for (const one of [opened, again]) await one.end(1_000, []);
  expect([given.ended, own.pool.ended]).toEqual([false, false]);
  await own.end(1_000, []);
  expect(own.pool.ended).toBe(true);
});

test('a client is no pool', () => {
  // @ts-expect-error it has other members
  expect(() => openPool({ pool: new pg.Client() })).toThrow('pool must be a pool of pg');
});

test('neither of the two is no database, and both are a mistake', () => {
  expect(() => openPool({})).toThrow(
    expect.objectContaining({
      code: 'DATABASE_NOT_CONFIGURED',
      message: 'no database is configured: give either a connectionString or a pool',
    }),
  );
  expect(() => openPool({ connectionString: 'postgres://somewhere', pool: new pg.Pool() })).toThrow(
    'connectionString or pool must be given, not both',
  );
});
