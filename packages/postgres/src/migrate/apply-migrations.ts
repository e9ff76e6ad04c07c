import { MissingRightsError, SchemaMismatchError, WrongEncodingError } from '@leftfold/core';
import { thrownText } from '@leftfold/core/input';
import type pg from 'pg';
import { codeOf } from '../errors/error-text.ts';
import { isNoAnswer } from '../errors/questions.ts';
import { toLeftfoldError } from '../errors/to-leftfold-error.ts';
import { borrow } from '../pool/borrow.ts';
import { runnerOn } from '../statement/statement-runner.ts';
import type { Statement, StatementRunner } from '../statement/statement.ts';
import { namingLockHolders } from './lock-holders.ts';
import { checksumOf } from './checksum.ts';
import type { MigrateOptions } from './migration.ts';
import { replaceFunctionsText } from './replace-functions.ts';
import { assertOwnSchema } from './schema-owner.ts';
import { assertServerVersion } from './server-version.ts';
import * as statements from './statements.ts';
import { whileAtWork } from './while-at-work.ts';

const ANSWER_MS = 30_000;

interface InstalledMigration {
  readonly number: number;
  readonly checksum: string;
}

/**
 * Brings a schema up to date. Any number of processes may call it at once: one migrates, the others wait.
 *
 * All missing migrations are applied in one transaction, or none. A schema that is up to date is only read, so that a
 * role without the right to create anything may start.
 *
 * @throws SchemaMismatchError when the schema was migrated by a newer release, or by another build whose newest migration
 * has the same number and other SQL. Its tables or functions are then not those that this one needs, and two builds that
 * replaced each other's functions would never end.
 * @throws ServerTooOldError, WrongEncodingError
 * @throws ForeignSchemaError when another role made the schema.
 * @throws MissingRightsError when the role may not create tables.
 * @throws StoreUnavailableError when the database cannot be reached, when another process migrates for longer than a
 * minute, or when other transactions hold locks on its tables for longer than ten seconds: it names their sessions.
 *
 * SQL: a transaction under an exclusive advisory lock keyed by the schema's name.
 */
export async function applyMigrations(pool: pg.Pool, options: MigrateOptions): Promise<void> {
  const { schema, answerMs = ANSWER_MS } = options;
  const what = `the migration of schema "${schema}"`;
  const run = runnerOn(pool, { prepare: false, answerMs });
  try {
    await namingLockHolders({ what, schema, run }, () => migrateOn(pool, options));
  } catch (error) {
    throw toLeftfoldError(error, schema);
  }
}

async function migrateOn(pool: pg.Pool, options: MigrateOptions): Promise<void> {
  const { client, release, breakOff } = await borrow(pool);
  const { answerMs = ANSWER_MS } = options;
  const run = runnerOn(client, { prepare: false, answerMs });
  try {
    const version = await fieldOf<number>(run, statements.serverVersion, 'version');
    // Before the transaction: servers that are too old do not have all of its settings.
    assertServerVersion(version ?? 0);
    await run(statements.begin);
    const encoding = await fieldOf<string>(run, statements.serverEncoding, 'encoding');
    if (encoding !== 'UTF8') throw new WrongEncodingError(encoding ?? '');
    await assertOwnSchema(run, options.schema);
    // A migration may take as long as its tables are large, and another process may be at it.
    if (!(await isUpToDate(run, options))) {
      const pid = (await fieldOf<number>(run, statements.backend, 'pid')) ?? 0;
      await whileAtWork({ pool, pid, answerMs }, () =>
        migrateUnderLock(runnerOn(client, { prepare: false }), options),
      );
    }
    await run(statements.commit);
  } catch (error) {
    // Also when a statement is not answered, or its answer does not come.
    if (isNoAnswer(error)) breakOff();
    else await run(statements.rollback).catch(breakOff);
    throw error;
  } finally {
    release();
  }
}

async function isUpToDate(run: StatementRunner, options: MigrateOptions): Promise<boolean> {
  const present = await fieldOf<boolean>(run, statements.hasMigrationsTable(options.schema), 'present');
  return present === true && (await installedNumber(run, options)) === newestOf(options);
}

async function migrateUnderLock(run: StatementRunner, options: MigrateOptions): Promise<void> {
  const { schema, migrations, functions = [] } = options;
  await run(statements.waitForOther);
  await run(statements.lockMigrations(schema));
  await run(statements.waitForTables);
  await run(statements.pinSearchPath);
  const present = await fieldOf<boolean>(run, statements.hasSchema(schema), 'present');
  if (present === true) await assertOwnSchema(run, schema);
  else await createSchema(run, schema);
  await run(statements.createMigrationsTable(schema));
  const installed = await installedNumber(run, options);
  const missing = migrations.filter(({ number }) => number > installed);
  for (const migration of missing) {
    await run(statements.recordMigration(options, migration));
    await run(statements.applyMigration(schema, migration));
  }
  if (missing.length > 0 && functions.length > 0)
    await run({ name: undefined, text: replaceFunctionsText(schema, functions), values: [] });
}

async function createSchema(run: StatementRunner, schema: string): Promise<void> {
  try {
    await run(statements.createSchema(schema));
  } catch (cause) {
    if (codeOf(cause) !== '42501') throw cause;
    const message = `${thrownText(cause)}; migrate as the owner that rightsScript makes, or let this role do it: grant create on database … to …`;
    throw new MissingRightsError(schema, { cause, message });
  }
}

/** @throws SchemaMismatchError when another build has applied the newest migration */
async function installedNumber(run: StatementRunner, options: MigrateOptions): Promise<number> {
  const { schema, component } = options;
  const [row] = await run<InstalledMigration>(statements.newestInstalled(schema, component));
  const newest = newestOf(options);
  if (row === undefined) return 0;
  const { number, checksum } = row;
  if (number > newest || (number === newest && checksum !== checksumOf(options)))
    throw new SchemaMismatchError(schema, number, newest);
  return number;
}

async function fieldOf<TValue>(
  run: StatementRunner,
  statement: Statement,
  field: string,
): Promise<TValue | undefined> {
  const [row] = await run<Record<string, TValue>>(statement);
  return row?.[field];
}

function newestOf({ migrations }: MigrateOptions): number {
  return migrations.at(-1)?.number ?? 0;
}
