import pg from 'pg';
import { expect, test } from 'vitest';
import { openPool } from './open-pool.ts';

test('a pool that is given stays the caller’s; one made from a connection string does not', async () => {
  const given = new pg.Pool();
  expect(openPool({ pool: given })).toEqual({ pool: given, owned: false });
  const { pool, owned } = openPool({ connectionString: 'postgres://somewhere', maxConnections: 3 });
  expect(owned).toBe(true);
  expect(pool.options.max).toBe(3);
  await pool.end();
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
