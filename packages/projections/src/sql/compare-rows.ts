import type { TableColumn, TableLayout } from '@leftfold/core/column';
import { numberArray, type Statement } from '@leftfold/postgres';

/** A part of a table: the pages of its file from one up to another, which is left out. */
export interface PageSpan {
  readonly from: number;
  readonly to: number;
}

/** One of the two tables that are compared. Names are plain lower-case ones. */
export interface ComparedTable {
  readonly schema: string;
  readonly table: string;
}

/** The rows of one bucket in one part of a table. */
export interface BucketRow {
  readonly bucket: number;
  readonly rows: number;
  /** 64 bits, as a signed number in text. */
  readonly hash: string;
}

/** A row that the other table does not have, or has with other values; and how many there are in this part. */
export interface DifferingRow {
  readonly absent: boolean;
  /** Names of columns, separated by commas. */
  readonly columns: string;
  readonly absent_rows: number;
  readonly all_rows: number;
  /** The columns of the key as text, by name. */
  readonly key: Readonly<Record<string, string>>;
  /** The same as Postgres reads them, in the order of the key. */
  readonly key_texts: readonly string[];
}

/**
 * Begins a transaction that reads one snapshot, after locking the tables: one that is truncated later is empty in older
 * snapshots too, and none of its pages may go. The snapshot is that of the first statement that follows.
 *
 * SQL: none of these statements takes a snapshot. A transaction whose process is paused is ended by the server.
 */
export function beginComparison(tables: readonly ComparedTable[], idleMs: number): Statement {
  const text = `begin transaction isolation level repeatable read, read only;
    set local jit = off;
    set local idle_in_transaction_session_timeout = ${Number(idleMs)};
    lock table ${tables.map(nameOf).join(', ')} in access share mode`;
  return { name: undefined, text, values: [] };
}

/**
 * Identities and sizes of tables. By the identities it is noticed that another table got the name: names are those of
 * now, not of the snapshot.
 */
export function tableFiles(tables: readonly ComparedTable[]): Statement {
  const files = tables.map(
    (table) => `select pg_catalog.to_regclass('${nameOf(table)}')::oid::text as id,
      coalesce(pg_catalog.pg_relation_size(pg_catalog.to_regclass('${nameOf(table)}')) / pg_catalog.current_setting('block_size')::integer, 0)::double precision as pages`,
  );
  return { name: undefined, text: files.join(' union all '), values: [] };
}

/**
 * Counts and hashes the rows of a part of a table, by the hash of their keys. The hash of a row is that of all its
 * columns as text, so that NULL and an empty text, or 1.0 and 1.00, differ. Keys that Postgres takes for equal are in one
 * bucket.
 *
 * SQL: one scan of these pages.
 */
export function hashRows(table: ComparedTable, layout: TableLayout, span: PageSpan, mask: number): Statement {
  const all = [...layout.key, ...layout.rest].map(({ name }) => `"${name}"`).join(', ');
  const text = `select bucket, count(*)::double precision as rows, bit_xor(hash)::text as hash
    from (select ${bucketOf(layout, 'stored', mask)} as bucket, hashtextextended(row(${all})::text, 0) as hash
            from ${nameOf(table)} as stored
           where ${within('stored', span)}) as hashed
   group by bucket`;
  return { name: undefined, text, values: [] };
}

export interface DifferingRows {
  readonly one: ComparedTable;
  readonly other: ComparedTable;
  readonly layout: TableLayout;
  readonly mask: number;
  /** Of rows to look at. */
  readonly buckets: readonly number[];
  /** Only rows that the other table does not have. */
  readonly absentOnly: boolean;
  /** Undefined for every row. */
  readonly limit: number | undefined;
}

/**
 * Compares the rows of a part of a table, of certain buckets, with those of the other table.
 *
 * SQL: one scan of these pages, and one lookup in the other's primary key for each row of the buckets.
 */
export function differingRows(
  { one, other, layout, mask, buckets, absentOnly, limit }: DifferingRows,
  span: PageSpan,
): Statement {
  const all = [...layout.key, ...layout.rest];
  const sameKey = layout.key.map(({ name }) => `other."${name}" = one."${name}"`).join(' and ');
  const differ = ({ name }: TableColumn) => `one."${name}"::text is distinct from other."${name}"::text`;
  const columns = all.map((column) => `case when ${differ(column)} then '${column.name}' end`);
  const keys = layout.key.map(({ name, type }) => `'${name}', ${type.select(`one."${name}"`)}`);
  const texts = layout.key.map(({ name }) => `one."${name}"::text`);
  const absent = 'other."#found" is null';
  const text = `select absent, columns, key, key_texts,
           (count(*) filter (where absent) over ())::double precision as absent_rows,
           (count(*) over ())::double precision as all_rows
      from (select ${absent} as absent, concat_ws(',', ${columns.join(', ')}) as columns,
                   pg_catalog.jsonb_build_object(${keys.join(', ')}) as key,
                   array[${texts.join(', ')}] as key_texts
              from ${nameOf(one)} as one
              left join lateral (
                     select true as "#found", other.* from ${nameOf(other)} as other where ${sameKey} limit 1
                   ) as other on true
             where ${within('one', span)}
               and ${bucketOf(layout, 'one', mask)} = any ($1::integer[])
               and ${absentOnly ? absent : `(${[absent, ...all.map(differ)].join(' or ')})`}) as differing
     limit ${limit === undefined ? 'all' : Number(limit)}`;
  return { name: undefined, text, values: [numberArray(buckets)] };
}

function nameOf({ schema, table }: ComparedTable): string {
  return `"${schema}"."${table}"`;
}

function bucketOf({ key }: TableLayout, alias: string, mask: number): string {
  const columns = key.map(({ name }) => `${alias}."${name}"`).join(', ');
  return `(hash_record_extended(row(${columns}), 0) & ${Number(mask)})::integer`;
}

function within(alias: string, { from, to }: PageSpan): string {
  return `${alias}.ctid >= '(${Number(from)},0)'::tid and ${alias}.ctid < '(${Number(to)},0)'::tid`;
}
