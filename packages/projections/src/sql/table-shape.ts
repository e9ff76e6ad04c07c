import { type Kysely, sql } from 'kysely';

/** A column as it is in the database. */
export interface ColumnShape {
  readonly name: string;
  /** As `format_type` writes it. */
  readonly type: string;
  readonly nullable: boolean;
}

/** A table as it is in the database. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  readonly primaryKey: readonly string[];
  /** Columns of each other index. */
  readonly indexes: readonly (readonly string[])[];
}

/** @returns undefined when the schema does not exist. SQL: one SELECT on the catalog. */
export async function readTableShapes(
  db: Kysely<unknown>,
  schema: string,
): Promise<readonly TableShape[] | undefined> {
  const { rows } = await sql<{ tables: readonly TableShape[] | null }>`
    select (select pg_catalog.json_agg(pg_catalog.json_build_object(
                     'name', class.relname,
                     'columns', (
                       select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                                'name', attribute.attname,
                                'type', format_type(attribute.atttypid, attribute.atttypmod),
                                'nullable', not attribute.attnotnull)), '[]')
                         from pg_attribute as attribute
                        where attribute.attrelid = class.oid
                          and attribute.attnum > 0
                          and not attribute.attisdropped),
                     'primaryKey', coalesce((
                       select ${indexColumns()}
                         from pg_index as index
                        where index.indrelid = class.oid
                          and index.indisprimary), '[]'),
                     'indexes', (
                       select coalesce(pg_catalog.json_agg(${indexColumns()}), '[]')
                         from pg_index as index
                        where index.indrelid = class.oid
                          and not index.indisprimary
                          and index.indpred is null
                          and index.indexprs is null)))
              from pg_class as class
             where class.relnamespace = namespace.oid
               and class.relkind in ('r', 'p')) as tables
      from pg_namespace as namespace
     where namespace.nspname = ${schema}
  `.execute(db);
  return rows[0] && (rows[0].tables ?? []);
}

function indexColumns() {
  return sql`(select pg_catalog.json_agg(attribute.attname order by key.place)
                from pg_catalog.unnest(index.indkey::smallint[]) with ordinality as key (attnum, place)
                join pg_attribute as attribute
                  on attribute.attrelid = index.indrelid
                 and attribute.attnum = key.attnum)`;
}
