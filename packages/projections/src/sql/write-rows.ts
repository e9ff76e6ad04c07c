import type { TableColumn, TableLayout } from '@leftfold/core/column';
import type { PostgresEventStore } from '@leftfold/event-store';
import { type CheckpointStep, checkpointUpdate } from '@leftfold/subscriptions';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { encodeChanges, type EncodedChanges, encodeKeys, type EncodedRows } from '../fold/encoded-rows.ts';
import type { FoldedRow } from '../fold/folded-row.ts';

/** A table in its schema. */
export interface TableTarget {
  readonly schema: string;
  readonly table: string;
  readonly columns: TableLayout;
}

/**
 * Writes a batch's rows and moves the checkpoint: a whole batch in one statement and one round trip.
 *
 * @returns false when the checkpoint could not be moved; then nothing was written.
 *
 * SQL: one statement, so one transaction. Locks the checkpoint's row first; both writes depend on it. Its commit need
 * not be durable: after a crash rows and checkpoint go back together, to an earlier position of a log that is durable.
 */
export async function writeRowsAndAdvance(
  { db, schema }: Pick<PostgresEventStore, 'db' | 'schema'>,
  step: CheckpointStep,
  target: TableTarget,
  changes: EncodedChanges,
): Promise<boolean> {
  const fenced = sql`exists (select from advanced)`;
  const parts = [sql`advanced as (${checkpointUpdate(schema, step)})`, ...writes(target, changes, fenced)];
  const { rows } = await sql`
    with ${sql.join(parts)}
    select pg_catalog.set_config('synchronous_commit', 'off', true) from advanced
  `.execute(db);
  return rows.length > 0;
}

/**
 * Writes rows inside a transaction: replaces the `known` ones, which are stored and locked, and inserts the others.
 *
 * @returns the rows that another transaction inserted first: those were not written.
 *
 * SQL: one statement. Waits for transactions that are inserting one of the new rows.
 */
export async function writeRows(
  tx: Kysely<unknown>,
  target: TableTarget,
  rows: readonly FoldedRow[],
  known: ReadonlySet<FoldedRow>,
): Promise<readonly FoldedRow[]> {
  const { columns } = target;
  const made = rows.filter((one) => one.row !== null && !known.has(one));
  const stored = rows.filter((one) => known.has(one));
  if (made.length + stored.length === 0) return [];
  const fresh = encodeChanges(columns, made).kept;
  const changes = encodeChanges(columns, stored);
  // The last part is needed even without new rows; it then finds no key without a row.
  const parts = [sql`made as (${insertNew(target, fresh)})`, ...writes(target, changes, sql`true`)];
  const answer = await sql<{ place: number }>`
    with ${sql.join(parts)}
    select wanted.place::integer as place
      from ${unnestKeys(columns.key, encodeKeys(columns, made), 'wanted')}
     where not exists (select from made where ${sameKey(columns.key, 'made', 'wanted')})
  `.execute(tx);
  return answer.rows.flatMap(({ place }) => made[place - 1] ?? []);
}

function writes(
  target: TableTarget,
  { kept, gone }: EncodedChanges,
  condition: RawBuilder<unknown>,
): readonly RawBuilder<unknown>[] {
  return [
    ...(kept.count === 0 ? [] : [sql`written as (${upsert(target, kept, condition)})`]),
    ...(gone.count === 0 ? [] : [sql`deleted as (${remove(target, gone, condition)})`]),
  ];
}

function upsert(target: TableTarget, rows: EncodedRows, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  const { key, rest } = target.columns;
  const onConflict =
    rest.length === 0
      ? sql`do nothing`
      : sql`do update set ${sql.join(rest.map(({ name }) => sql`${sql.id(name)} = excluded.${sql.id(name)}`))}`;
  // The alias: with it, `excluded` cannot also mean a table of that name.
  return sql`
    insert into ${sql.id(target.schema, target.table)} as stored (${names([...key, ...rest])})
    select ${names([...key, ...rest])}
      from ${unnestRows(target.columns, rows)}
     where ${condition}
    on conflict (${names(key)}) ${onConflict}
  `;
}

function insertNew(target: TableTarget, rows: EncodedRows): RawBuilder<unknown> {
  const { key, rest } = target.columns;
  return sql`
    insert into ${sql.id(target.schema, target.table)} (${names([...key, ...rest])})
    select ${names([...key, ...rest])}
      from ${unnestRows(target.columns, rows)}
    on conflict (${names(key)}) do nothing
    returning ${names(key)}
  `;
}

/** One lookup in the primary key for each row, as in `loadRows`. No other transaction moves these rows meanwhile. */
function remove(target: TableTarget, rows: EncodedRows, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  const table = sql.id(target.schema, target.table);
  return sql`
    delete from ${table}
     where ctid = any (array(
             select found.ctid
               from ${unnestKeys(target.columns.key, rows, 'gone')}
              cross join lateral (
                      select stored.ctid
                        from ${table} as stored
                       where ${sameKey(target.columns.key, 'stored', 'gone')}
                       limit 1
                    ) as found
              where ${condition}))
  `;
}

function unnestRows({ key, rest }: TableLayout, rows: EncodedRows): RawBuilder<unknown> {
  const arrays = [...typedArrays(key, rows.key), ...typedArrays(rest, rows.rest)];
  return sql`${sideBySide(arrays)} as changed (${names([...key, ...rest])})`;
}

/** The keys of rows, with a column `place` that counts from 1. */
export function unnestKeys(
  key: readonly TableColumn[],
  rows: EncodedRows,
  alias: string,
): RawBuilder<unknown> {
  const columns = sql.join([...key.map((_, index) => keyName(index)), sql.id('place')]);
  return sql`${sideBySide(typedArrays(key, rows.key))} with ordinality as ${sql.id(alias)} (${columns})`;
}

/** Arrays side by side. With one argument, unnest would be looked up in the path of the session. */
function sideBySide(arrays: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql`rows from (${sql.join(arrays.map((array) => sql`pg_catalog.unnest(${array})`))})`;
}

/** @param keys alias of {@link unnestKeys} */
export function sameKey(key: readonly TableColumn[], stored: string, keys: string): RawBuilder<unknown> {
  const equalities = key.map(
    ({ name }, index) => sql`${sql.id(stored, name)} = ${sql.id(keys)}.${keyName(index)}`,
  );
  return sql.join(equalities, sql` and `);
}

/** No column of a table can have this name: those begin with a letter. */
function keyName(index: number): RawBuilder<unknown> {
  return sql.id(`#${index}`);
}

function names(columns: readonly TableColumn[]): RawBuilder<unknown> {
  return sql.join(columns.map(({ name }) => sql.id(name)));
}

function typedArrays(
  columns: readonly TableColumn[],
  literals: readonly string[],
): readonly RawBuilder<unknown>[] {
  return columns.map(({ type }, index) => sql`${literals[index] ?? '{}'}::${sql.raw(type.name)}[]`);
}
