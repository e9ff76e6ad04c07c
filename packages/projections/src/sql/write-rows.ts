import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { FoldedRow } from '../fold/table-fold.ts';
import { arrayLiteral, type TableColumn, type TableColumns } from '../fold/table-codec.ts';
import { type Advance, advanceUpdate } from './advance-checkpoint.ts';

/** A table with the schema it is in. */
export interface TableTarget {
  readonly schema: string;
  readonly table: string;
  readonly columns: TableColumns;
}

/**
 * Writes a batch's rows and moves the checkpoint on: all of a batch in one statement and one round trip.
 *
 * @returns false when the checkpoint could not be moved; then nothing was written.
 *
 * SQL: one statement, so one transaction. Locks the checkpoint first; both writes depend on it. Its commit need not
 * be durable, for the reason in {@link advanceCheckpoint}.
 */
export async function writeRowsAndAdvance(
  db: Kysely<unknown>,
  schema: string,
  advance: Advance,
  target: TableTarget,
  changes: readonly FoldedRow[],
): Promise<boolean> {
  const fenced = sql`exists (select from advanced)`;
  const parts = [sql`advanced as (${advanceUpdate(schema, advance)})`, ...writes(target, changes, fenced)];
  const { rows } = await sql`
    with ${sql.join(parts)}
    select set_config('synchronous_commit', 'off', true) from advanced
  `.execute(db);
  return rows.length > 0;
}

/**
 * Writes rows inside a transaction: the `known` ones over what is stored and locked, the others as new ones.
 *
 * @returns new rows that somebody else made meanwhile: those were not written.
 *
 * SQL: one statement. Waits for whoever is just making one of the new rows.
 */
export async function writeRows(
  tx: Kysely<unknown>,
  target: TableTarget,
  changes: readonly FoldedRow[],
  known: ReadonlySet<FoldedRow>,
): Promise<readonly FoldedRow[]> {
  const fresh = changes.filter((change) => change.row !== null && !known.has(change));
  const stored = changes.filter((change) => known.has(change));
  if (fresh.length === 0 && stored.length === 0) return [];
  // Without new rows the statement still needs its last part; it then finds no key without a row.
  const parts = [sql`made as (${insertNew(target, fresh)})`, ...writes(target, stored, sql`true`)];
  const { rows } = await sql<{ place: number }>`
    with ${sql.join(parts)}
    select wanted.place::integer as place
      from ${unnestKeys(target.columns.key, fresh, 'wanted')}
     where not exists (select from made where ${sameKey(target.columns.key, 'made', 'wanted')})
  `.execute(tx);
  return rows.flatMap(({ place }) => fresh[place - 1] ?? []);
}

function writes(
  target: TableTarget,
  changes: readonly FoldedRow[],
  condition: RawBuilder<unknown>,
): readonly RawBuilder<unknown>[] {
  const kept = changes.filter(({ row }) => row !== null);
  const gone = changes.filter(({ row }) => row === null);
  return [
    ...(kept.length === 0 ? [] : [sql`written as (${upsert(target, kept, condition)})`]),
    ...(gone.length === 0 ? [] : [sql`deleted as (${remove(target, gone, condition)})`]),
  ];
}

function upsert(
  target: TableTarget,
  changes: readonly FoldedRow[],
  condition: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const { key, rest } = target.columns;
  const onConflict =
    rest.length === 0
      ? sql`do nothing`
      : sql`do update set ${sql.join(rest.map(({ name }) => sql`${sql.id(name)} = excluded.${sql.id(name)}`))}`;
  return sql`
    insert into ${sql.id(target.schema, target.table)} (${names([...key, ...rest])})
    select ${names([...key, ...rest])}
      from ${unnestRows(target.columns, changes)}
     where ${condition}
    on conflict (${names(key)}) ${onConflict}
  `;
}

function insertNew(target: TableTarget, changes: readonly FoldedRow[]): RawBuilder<unknown> {
  const { key, rest } = target.columns;
  return sql`
    insert into ${sql.id(target.schema, target.table)} (${names([...key, ...rest])})
    select ${names([...key, ...rest])}
      from ${unnestRows(target.columns, changes)}
    on conflict (${names(key)}) do nothing
    returning ${names(key)}
  `;
}

/** One look into the primary key for each row, as in `loadRows`. Nobody else moves these rows meanwhile. */
function remove(
  target: TableTarget,
  changes: readonly FoldedRow[],
  condition: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const table = sql.id(target.schema, target.table);
  return sql`
    delete from ${table}
     where ctid = any (array(
             select found.ctid
               from ${unnestKeys(target.columns.key, changes, 'gone')}
              cross join lateral (
                      select stored.ctid
                        from ${table} as stored
                       where ${sameKey(target.columns.key, 'stored', 'gone')}
                       limit 1
                    ) as found
              where ${condition}))
  `;
}

function unnestRows({ key, rest }: TableColumns, changes: readonly FoldedRow[]): RawBuilder<unknown> {
  const values = rest.map((column, index) =>
    arrayOf(column, changes, ({ encoded }) => encoded[index] ?? null),
  );
  const arrays = sql.join([...keyArrays(key, changes), ...values]);
  return sql`unnest(${arrays}) as changed (${names([...key, ...rest])})`;
}

/** The keys of rows, with a column `place` from 1. */
export function unnestKeys(
  key: readonly TableColumn[],
  changes: readonly FoldedRow[],
  alias: string,
): RawBuilder<unknown> {
  const columns = sql.join([...key.map((_, index) => keyName(index)), sql.id('place')]);
  return sql`unnest(${sql.join(keyArrays(key, changes))}) with ordinality as ${sql.id(alias)} (${columns})`;
}

function keyArrays(
  key: readonly TableColumn[],
  changes: readonly FoldedRow[],
): readonly RawBuilder<unknown>[] {
  return key.map((column, index) => arrayOf(column, changes, ({ encodedKey }) => encodedKey[index] ?? null));
}

/** @param keys alias of {@link unnestKeys} */
export function sameKey(key: readonly TableColumn[], stored: string, keys: string): RawBuilder<unknown> {
  const equalities = key.map(
    ({ name }, index) => sql`${sql.id(stored, name)} = ${sql.id(keys)}.${keyName(index)}`,
  );
  return sql.join(equalities, sql` and `);
}

/** No column can have this name: the names of tables' columns begin with a letter. */
function keyName(index: number): RawBuilder<unknown> {
  return sql.id(`#${index}`);
}

function names(columns: readonly TableColumn[]): RawBuilder<unknown> {
  return sql.join(columns.map(({ name }) => sql.id(name)));
}

function arrayOf(
  column: TableColumn,
  changes: readonly FoldedRow[],
  textOf: (change: FoldedRow) => string | null,
): RawBuilder<unknown> {
  return sql`${arrayLiteral(column, changes, textOf)}::${sql.raw(column.type)}[]`;
}
