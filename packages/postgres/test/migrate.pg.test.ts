import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import pg from 'pg';
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

test('a migration waits for locks for a limited time, and names who holds them', async ({
  ownDatabase,
  ownPool,
}) => {
  const { connectionString } = ownDatabase;
  await applyMigrations(ownPool, { ...options, migrations: [good] });
  // The limit of the role is shorter than the one of migrations.
  const pool = new pg.Pool({ connectionString, options: '-c lock_timeout=200' });
  const later = { number: 2, name: '0002-later', sql: 'alter table :schema.good add column name text' };
  await using _pool = { [Symbol.asyncDispose]: () => pool.end() };
  const migrate = () => applyMigrations(pool, { ...options, migrations: [good, later] });
  for (const lock of [
    'select from leftfold.good',
    'lock table leftfold.migrations in access exclusive mode',
    `select pg_advisory_xact_lock(hashtextextended('leftfold.migrate.leftfold', 0))`,
  ]) {
    await using other = await beginTransaction(connectionString);
    await other.client.query(lock);
    const failure = await failureOf(migrate());
    expect(failure, lock).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(String(failure)).toContain('the migration of schema "leftfold" was given up');
    expect(String(failure)).toContain(`(backend ${other.pid})`);
  }
  await migrate();
});

test('without a limit of the role, a migration has its own', async ({ ownDatabase, ownPool }) => {
  const limits = {
    number: 1,
    name: '0001-limits',
    sql: `create table :schema.limits as select current_setting('lock_timeout') as lock`,
  };
  await applyMigrations(ownPool, { ...options, migrations: [limits] });
  expect((await ownPool.query('select lock from leftfold.limits')).rows).toEqual([{ lock: '10s' }]);
  // While another process migrates, it waits for longer.
  await using other = await beginTransaction(ownDatabase.connectionString);
  await other.client.query(`select pg_advisory_xact_lock(hashtextextended('leftfold.migrate.leftfold', 0))`);
  const later = { number: 2, name: '0002-later', sql: 'select 1' };
  const migrating = applyMigrations(ownPool, { ...options, migrations: [limits, later] });
  await untilBlocked(ownDatabase.connectionString);
  await other.commit();
  await migrating;
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

test('builds with other SQL under one number do not replace what the first one has made', async ({
  ownPool: pool,
}) => {
  guarantee('one-build-of-a-migration');
  const price = (cents: number) => ({
    name: 'price',
    sql: `create or replace function :schema.price() returns integer language sql as 'select ${cents}'`,
  });
  const first = { ...options, migrations: [good], functions: [price(1)] };
  await applyMigrations(pool, first);
  const others = [
    { ...first, functions: [price(2)] },
    { ...first, functions: [] },
    { ...first, migrations: [{ ...good, sql: 'create table :schema.good (id bigint)' }] },
  ];
  for (const other of others) {
    const failure = await failureOf(applyMigrations(pool, other));
    expect(failure).toMatchObject({ code: 'SCHEMA_MISMATCH', installed: 1, required: 1 });
  }
  await applyMigrations(pool, first);
  expect((await pool.query('select leftfold.price()')).rows).toEqual([{ price: 1 }]);

  const later = { number: 2, name: '0002-later', sql: 'select 1' };
  const next = { ...first, migrations: [good, later], functions: [price(2)] };
  await applyMigrations(pool, next);
  await applyMigrations(pool, next);
  expect(await failureOf(applyMigrations(pool, first))).toMatchObject({ installed: 2, required: 1 });
  expect((await pool.query('select leftfold.price()')).rows).toEqual([{ price: 2 }]);
});
