import { SchemaMismatchError, StoreMisconfiguredError } from '@leftfold/core';
import type pg from 'pg';
import { borrow } from '../connect/pool.ts';
import { toStoreError } from '../sql/error.ts';

/** One numbered, forward-only change. In its SQL, `:schema` stands for the schema's name. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export interface MigrateOptions {
  readonly schema: string;
  /** Each component counts its own migrations in the schema's one `migrations` table. */
  readonly component: string;
  readonly migrations: readonly Migration[];
}

/** Oldest server this is tested with. */
const OLDEST_SERVER = 150_000;

/**
 * Brings a schema up to date. Any number of processes may call it at once: one migrates, the others wait.
 *
 * All missing migrations are applied in one transaction, or none. A schema that is up to date is only read, so that a
 * role without the right to create anything may start.
 *
 * @throws SchemaMismatchError when the schema was migrated by a newer release.
 * @throws StoreMisconfiguredError when the server is too old, or the role may not create tables.
 * @throws StoreUnavailableError when the database cannot be reached.
 *
 * SQL: a transaction under an exclusive advisory lock keyed by the schema's name.
 */
export async function applyMigrations(pool: pg.Pool, options: MigrateOptions): Promise<void> {
  const { schema } = options;
  try {
    const { client, release } = await borrow(pool);
    try {
      assertServerVersion(await serverVersion(client));
      if (await isUpToDate(client, options)) return;
      await client.query('begin isolation level read committed');
      await migrateUnderLock(client, options);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => {});
      throw error;
    } finally {
      release();
    }
  } catch (error) {
    throw toStoreError(error, schema);
  }
}

/** @param version as `server_version_num`: 170010 for 17.10. @throws StoreMisconfiguredError when too old */
export function assertServerVersion(version: number): void {
  if (version >= OLDEST_SERVER) return;
  const major = Math.floor(version / 10_000);
  throw new StoreMisconfiguredError(`PostgreSQL ${major} is too old; use 15 or newer`);
}

async function serverVersion(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::integer as version`,
  );
  return rows[0]?.version ?? 0;
}

async function isUpToDate(client: pg.PoolClient, options: MigrateOptions): Promise<boolean> {
  const { rows } = await client.query<{ present: boolean }>(`select to_regclass($1) is not null as present`, [
    `"${options.schema}".migrations`,
  ]);
  if (rows[0]?.present !== true) return false;
  return (await installedNumber(client, options)) === newestOf(options);
}

async function installedNumber(client: pg.PoolClient, options: MigrateOptions): Promise<number> {
  const { rows } = await client.query<{ installed: number }>(
    `select coalesce(max(number), 0)::integer as installed from "${options.schema}".migrations where component = $1`,
    [options.component],
  );
  const installed = rows[0]?.installed ?? 0;
  if (installed > newestOf(options))
    throw new SchemaMismatchError(options.schema, installed, newestOf(options));
  return installed;
}

async function migrateUnderLock(client: pg.PoolClient, options: MigrateOptions): Promise<void> {
  const { schema, component, migrations } = options;
  await client.query(`select pg_advisory_xact_lock(hashtextextended('leftfold.migrate.' || $1, 0))`, [
    schema,
  ]);
  const { rows } = await client.query<{ present: boolean }>(
    `select to_regnamespace($1) is not null as present`,
    [`"${schema}"`],
  );
  if (rows[0]?.present !== true) await client.query(`create schema "${schema}"`);
  await client.query(`
    create table if not exists "${schema}".migrations (
      component  text        not null,
      number     integer     not null,
      name       text        not null,
      applied_at timestamptz not null default clock_timestamp(),
      constraint migrations_pkey primary key (component, number)
    )`);
  const installed = await installedNumber(client, options);
  for (const { number, name, sql } of migrations.filter((migration) => migration.number > installed)) {
    await client.query(`insert into "${schema}".migrations (component, number, name) values ($1, $2, $3)`, [
      component,
      number,
      name,
    ]);
    await client.query(sql.replaceAll(':schema', `"${schema}"`));
  }
}

function newestOf({ migrations }: MigrateOptions): number {
  return migrations.at(-1)?.number ?? 0;
}
