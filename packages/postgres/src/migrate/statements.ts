import { migrationLock } from './lock-holders.ts';
import { beginText, lockTimeoutAtMost } from '../kysely/transaction-limits.ts';
import type { Statement } from '../statement/statement.ts';
import { checksumOf } from './checksum.ts';
import type { MigrateOptions, Migration } from './migration.ts';

export const serverVersion = fixed(`select current_setting('server_version_num')::integer as version`);

export const serverEncoding = fixed(`select current_setting('server_encoding') as encoding`);

export const backend = fixed('select pg_backend_pid() as pid');

/** How long a migration waits for a lock on a table, in milliseconds: whatever needs that table waits behind it. */
const LOCK_MS = 10_000;
/** How long it waits for the migration of another process, in milliseconds. */
const OTHER_MIGRATION_MS = 60_000;

export const begin = fixed(beginText({ lockMs: LOCK_MS }));
export const waitForOther = fixed(`select ${lockTimeoutAtMost(OTHER_MIGRATION_MS)}`);
export const waitForTables = fixed(`select ${lockTimeoutAtMost(LOCK_MS)}`);
export const commit = fixed('commit');
export const rollback = fixed('rollback');

/** Types in definitions are looked up when they are created: not in schemas of the caller's search_path. */
export const pinSearchPath = fixed('set local search_path = pg_catalog, pg_temp');

export function hasMigrationsTable(schema: string): Statement {
  return fixed('select to_regclass($1) is not null as present', [`"${schema}".migrations`]);
}

/** No row before the first migration of the component. */
export function newestInstalled(schema: string, component: string): Statement {
  return fixed(
    `select number, checksum from "${schema}".migrations where component = $1 order by number desc limit 1`,
    [component],
  );
}

/** SQL: an exclusive advisory lock, until the transaction's end. */
export function lockMigrations(schema: string): Statement {
  return fixed(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [migrationLock(schema)]);
}

export function hasSchema(schema: string): Statement {
  return fixed('select to_regnamespace($1) is not null as present', [`"${schema}"`]);
}

export function createSchema(schema: string): Statement {
  return fixed(`create schema "${schema}"`);
}

export function createMigrationsTable(schema: string): Statement {
  return fixed(`
    create table if not exists "${schema}".migrations (
      component  text        not null,
      number     integer     not null,
      name       text        not null,
      -- Of the migrations up to this one, and of the functions of the release that applied it.
      checksum   text        not null,
      applied_at timestamptz not null default clock_timestamp(),
      constraint migrations_pkey primary key (component, number)
    )`);
}

export function recordMigration(
  { schema, component, migrations, functions }: MigrateOptions,
  { number, name }: Migration,
): Statement {
  const upTo = migrations.filter((migration) => migration.number <= number);
  return fixed(
    `insert into "${schema}".migrations (component, number, name, checksum) values ($1, $2, $3, $4)`,
    [component, number, name, checksumOf({ migrations: upTo, functions })],
  );
}

export function applyMigration(schema: string, { sql }: Migration): Statement {
  return fixed(sql.replaceAll(':schema', `"${schema}"`));
}

/** Run once in a process, so that it is not worth a name. */
function fixed(text: string, values: readonly unknown[] = []): Statement {
  return { name: undefined, text, values };
}
