import { databaseTest } from '@leftfold/testbed/database';
import { describe, expect } from 'vitest';
import { applyMigrations, migrationScript } from '../src/index.ts';

const test = databaseTest();

const first = { number: 1, name: '0001-first', sql: 'create table :schema.items (id integer, words text);' };
const second = { number: 2, name: '0002-second', sql: 'alter table :schema.items add cents integer;' };
const price = {
  name: 'price',
  sql: `create or replace function :schema.price(cents integer) returns integer language sql as $$ select cents $$`,
};
const otherPrice = { ...price, sql: price.sql.replace('returns integer', 'returns bigint') };
const release = { schema: 'shop', component: 'test', migrations: [first], functions: [price] };
const nextRelease = { ...release, migrations: [first, second], functions: [otherPrice] };

const installed = `
  select (select json_agg(to_jsonb(one) - 'applied_at' order by number) from shop.migrations as one) as migrations,
         (select json_agg(attname order by attnum) from pg_attribute where attrelid = 'shop.items'::regclass and attnum > 0)
           as columns,
         (select json_agg(pg_get_functiondef(oid)) from pg_proc where pronamespace = 'shop'::regnamespace) as functions,
         (select proacl::text from pg_proc where pronamespace = 'shop'::regnamespace) as rights`;

describe('a script of migrations', () => {
  test('leaves what applyMigrations leaves, whichever is first, and again', async ({ ownPool: pool }) => {
    await applyMigrations(pool, release);
    await applyMigrations(pool, nextRelease);
    const { rows: expected } = await pool.query(installed);
    const steps = {
      script: (of: typeof release) => pool.query(migrationScript(of)),
      process: (of: typeof release) => applyMigrations(pool, of),
    };
    for (const way of [
      ['script', 'script', 'script'],
      ['process', 'script', 'process'],
      ['script', 'process', 'script'],
    ] as const) {
      await pool.query('drop schema shop cascade');
      await steps[way[0]](release);
      await steps[way[0]](release);
      await steps[way[1]](nextRelease);
      await steps[way[2]](nextRelease);
      expect((await pool.query(installed)).rows).toEqual(expected);
    }
  });

  test('does all or nothing', async ({ ownPool: pool }) => {
    const broken = { ...second, sql: 'alter table :schema.items add cents nothing_like_it;' };
    const script = migrationScript({ ...release, migrations: [first, broken] });
    await expect(pool.query(script)).rejects.toMatchObject({ code: '42704' });
    expect((await pool.query(`select to_regnamespace('shop') as schema`)).rows).toEqual([{ schema: null }]);
  });

  test('leaves a transaction that it is part of with its search_path', async ({ ownPool: pool }) => {
    const client = await pool.connect();
    await client.query(`begin; set local search_path = public, pg_temp`);
    await client.query(migrationScript(release));
    const { rows } = await client.query('show search_path');
    await client.query('rollback');
    client.release();
    expect(rows).toEqual([{ search_path: 'public, pg_temp' }]);
  });

  test('refuses a schema of another release, or of another role', async ({ ownPool: pool }) => {
    await pool.query(migrationScript(nextRelease));
    for (const other of [release, { ...nextRelease, functions: [price] }])
      await expect(pool.query(migrationScript(other))).rejects.toThrow(
        'schema shop was migrated by another release',
      );
    const role = `stranger_${Math.random().toString(36).slice(2, 10)}`;
    await pool.query(`create role ${role}; create schema taken authorization ${role}`);
    await pool.query(`create role ${role}_2; do $$ begin
      execute format('grant create on database %I to ${role}_2', current_database()); end $$`);
    const client = await pool.connect();
    await client.query(`set role ${role}_2`);
    await expect(client.query(migrationScript({ ...release, schema: 'taken' }))).rejects.toThrow(
      `schema taken was made by role ${role}, and this is role ${role}_2`,
    );
    client.release(true);
    await pool.query(`drop owned by ${role}, ${role}_2; drop role ${role}, ${role}_2`);
  });
});
