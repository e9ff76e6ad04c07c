import type { TableDefinition } from '@leftfold/core';
import { type Kysely, sql } from 'kysely';
import type { TableLayout } from '@leftfold/core/column';

/** A table of a projection, with the codecs of its columns. */
export interface DefinedTable {
  readonly definition: TableDefinition;
  readonly columns: TableLayout;
}

export async function createSchema(tx: Kysely<unknown>, schema: string): Promise<void> {
  await sql`create schema if not exists ${sql.id(schema)}`.execute(tx);
}

/** Creates a table without its further indexes. Postgres names its key `<table>_pkey`, or shorter for a long name. */
export async function createTable(
  tx: Kysely<unknown>,
  schema: string,
  { definition, columns }: DefinedTable,
): Promise<void> {
  const table = definition.name;
  const declared = [...columns.key, ...columns.rest].map(
    ({ name, type, nullable }) =>
      sql`${sql.id(name)} ${sql.raw(type.name)} ${sql.raw(nullable ? 'null' : 'not null')}`,
  );
  const key = sql.join(definition.primaryKey.map((name) => sql.id(name)));
  await sql`
    create table ${sql.id(schema, table)} (
      ${sql.join(declared)},
      primary key (${key})
    )
  `.execute(tx);
}

/** Postgres chooses the index's name, so that names of long columns stay distinct. */
export async function createIndex(
  tx: Kysely<unknown>,
  schema: string,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await sql`create index on ${sql.id(schema, table)} (${sql.join(columns.map((name) => sql.id(name)))})`.execute(
    tx,
  );
}

/** Fails when an object that the user created, such as a view, depends on the table. */
export async function dropTable(tx: Kysely<unknown>, schema: string, table: string): Promise<void> {
  await sql`drop table if exists ${sql.id(schema, table)}`.execute(tx);
}

/** Empties tables and keeps what the user added to them: rights, views, indexes. */
export async function truncateTables(
  tx: Kysely<unknown>,
  schema: string,
  tables: readonly string[],
): Promise<void> {
  if (tables.length === 0) return;
  await sql`truncate ${sql.join(tables.map((table) => sql.id(schema, table)))}`.execute(tx);
}
