import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { applyMigrations } from '../src/index.ts';

/** Tests on an empty database each. */
const test = databaseTest();

const good = { number: 1, name: '0001-good', sql: 'create table :schema.good (id integer)' };
const bad = { number: 2, name: '0002-bad', sql: 'create table :schema.bad (id nothing_like_it)' };
const options = { schema: 'leftfold', component: 'test' };

test('all missing migrations are applied, or none', async ({ ownPool: pool }) => {
  guarantee('atomic-migrations');
  const failure = await failureOf(applyMigrations(pool, { ...options, migrations: [good, bad] }));
  expect(failure).toMatchObject({ code: '42704' });
  const { rows: nothing } = await pool.query(
    `select to_regclass('leftfold.good') as good, to_regnamespace('leftfold') as schema`,
  );
  expect(nothing).toEqual([{ good: null, schema: null }]);

  await applyMigrations(pool, { ...options, migrations: [good] });
  const corrected = { ...bad, sql: 'create table :schema.corrected (id integer); select 1;' };
  await applyMigrations(pool, { ...options, migrations: [good, corrected] });
  const { rows } = await pool.query('select number, name from leftfold.migrations order by 1');
  expect(rows).toEqual([
    { number: 1, name: '0001-good' },
    { number: 2, name: '0002-bad' },
  ]);
});

test('each component counts its own migrations', async ({ ownPool: pool }) => {
  const other = { ...options, component: 'other' };
  await applyMigrations(pool, { ...options, migrations: [good] });
  await applyMigrations(pool, {
    ...other,
    migrations: [{ ...good, sql: 'create table :schema.other (id integer)' }],
  });
  const { rows } = await pool.query('select component, number from leftfold.migrations order by 1');
  expect(rows).toEqual([
    { component: 'other', number: 1 },
    { component: 'test', number: 1 },
  ]);
});

test('processes that migrate at once apply each migration once', async ({ ownPool: pool }) => {
  await Promise.all(
    Array.from({ length: 6 }, () => applyMigrations(pool, { ...options, migrations: [good] })),
  );
  const { rows } = await pool.query('select count(*)::integer as times from leftfold.migrations');
  expect(rows).toEqual([{ times: 1 }]);
});

test('a schema of a newer release is refused', async ({ ownPool: pool }) => {
  const later = { number: 9, name: '0009-later', sql: 'select 1' };
  await applyMigrations(pool, { ...options, migrations: [good, later] });
  expect(await failureOf(applyMigrations(pool, { ...options, migrations: [good] }))).toMatchObject({
    code: 'SCHEMA_MISMATCH',
    installed: 9,
    required: 1,
  });
});
