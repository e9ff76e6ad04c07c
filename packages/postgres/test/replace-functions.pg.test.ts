import { databaseTest } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { applyMigrations } from '../src/index.ts';

/** The function of each release, and how its processes call it. */
const first = `create or replace function :schema.price(cents integer) returns integer language sql as 'select cents'`;
const otherBody = `create or replace function :schema.price(cents integer) returns integer language sql as 'select cents + 1'`;
const moreArguments = `create or replace function :schema.price(cents integer, tax integer default 0) returns integer
  language sql as 'select cents + tax + 2'`;
const otherResult = `create or replace function :schema.price(cents integer, out net integer, out gross integer)
  language sql as 'select cents, cents + 3'`;
const call = 'select shop.price(cents => 100) as price';

const role = `clerk_${Math.random().toString(36).slice(2, 10)}`;

const test = databaseTest()
  // Migrates to a release whose function is this one.
  .extend('release', ({ pool }) => (number: number, sql: string): Promise<void> => {
    const migrations = Array.from({ length: number }, (_, index) => ({
      number: index + 1,
      name: `000${index + 1}`,
      sql: 'select 1',
    }));
    const functions = [{ name: 'price', sql }];
    return applyMigrations(pool, { schema: 'shop', component: 'test', migrations, functions });
  })
  .extend('rightsAndSignatures', ({ pool }) => async (): Promise<unknown> => {
    const { rows } = await pool.query(
      `select pg_get_function_arguments(oid) as arguments,
              (select array_agg(grantee::regrole::text || ' ' || is_grantable order by 1)
                 from aclexplode(proacl) where grantee <> proowner) as rights
         from pg_proc where pronamespace = 'shop'::regnamespace`,
    );
    return rows;
  });

test.beforeAll(async ({ pool }) => {
  await pool.query(`create role ${role}`);
});

test.beforeEach(async ({ pool, release }) => {
  await pool.query('drop schema if exists shop cascade');
  await release(1, first);
  await pool.query(`grant usage on schema shop to ${role}`);
  await pool.query(`grant execute on function shop.price to ${role} with grant option`);
});

test.afterAll(async ({ pool }) => {
  await pool.query(`drop owned by ${role}; drop role ${role}`);
});

describe('the functions of a component', () => {
  test('are replaced with a migration: views on them and rights on them stay', async ({
    pool,
    release,
    rightsAndSignatures,
  }) => {
    await pool.query('create view shop.prices as select shop.price(100) as price');
    await release(2, otherBody);
    expect((await pool.query('select price from shop.prices')).rows).toEqual([{ price: 101 }]);
    expect(await rightsAndSignatures()).toEqual([{ arguments: 'cents integer', rights: [`${role} true`] }]);
  });

  test.for([
    ['more arguments', moreArguments, 'cents integer, tax integer DEFAULT 0', [{ price: 102 }]],
    [
      'another result',
      otherResult,
      'cents integer, OUT net integer, OUT gross integer',
      [{ price: '(100,103)' }],
    ],
  ] as const)(
    'that get %s are called as before, and rights on them stay',
    async ([, sql, args, rows], { pool, release, rightsAndSignatures }) => {
      const client = await pool.connect();
      await client.query({ name: 'kept', text: 'select shop.price(cents => 100)::text' });
      await release(2, sql);
      expect((await client.query(call)).rows).toEqual(rows);
      await client.query({ name: 'kept', text: 'select shop.price(cents => 100)::text' });
      client.release();
      expect(await rightsAndSignatures()).toEqual([{ arguments: args, rights: [`${role} true`] }]);
    },
  );

  test('stay as they were when one of them cannot be created', async ({ pool, release }) => {
    expect(await failureOf(release(2, 'create function :schema.price() returns'))).toMatchObject({
      code: '42601',
    });
    expect((await pool.query(call)).rows).toEqual([{ price: 100 }]);
    expect((await pool.query('select max(number) as number from shop.migrations')).rows).toEqual([
      { number: 1 },
    ]);
  });
});
