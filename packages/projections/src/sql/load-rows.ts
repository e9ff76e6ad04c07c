import { decodeColumn } from '@leftfold/core/column';
import { type Kysely, sql } from 'kysely';
import { encodeKeys } from '../fold/encoded-rows.ts';
import type { FoldedRow } from '../fold/folded-row.ts';
import type { TableFold } from '../fold/table-fold.ts';
import { sameKey, type TableTarget, unnestKeys } from './write-rows.ts';

/** The place of a key in the list that was given. No column of a table can have this name. */
const PLACE = '#place';

/**
 * Fills in the rows as they are stored, `null` for each that does not exist.
 *
 * @param options.lock locks the rows until the transaction ends. Pass the rows in one order everywhere: two transactions
 * that lock the same rows then wait for each other and do not deadlock.
 *
 * SQL: one SELECT, one lookup in the primary key for each row; the `limit` keeps Postgres from reading the whole table
 * instead. Rows are matched by place, not by value: only Postgres decides which keys are equal.
 */
export async function loadRows(
  db: Kysely<unknown>,
  target: TableTarget,
  wanted: readonly FoldedRow[],
  options: { readonly fold: TableFold; readonly lock: boolean },
): Promise<void> {
  const { key, rest } = target.columns;
  const values = rest.map(
    ({ name, type }) => sql`${sql.raw(type.select(`"stored"."${name}"`))} as ${sql.id(name)}`,
  );
  const names = rest.map(({ name }) => sql.id('found', name));
  const { rows } = await sql<Readonly<Record<string, string | null>>>`
    select ${sql.join([sql`wanted.place::text as ${sql.id(PLACE)}`, ...names])}
      from ${unnestKeys(key, encodeKeys(target.columns, wanted), 'wanted')}
     cross join lateral (
             select ${sql.join([sql`stored.ctid`, ...values])}
               from ${sql.id(target.schema, target.table)} as stored
              where ${sameKey(key, 'stored', 'wanted')}
              limit 1
              ${options.lock ? sql`for update` : sql``}
           ) as found
  `.execute(db);

  for (const one of wanted) one.row = null;
  for (const row of rows) {
    const one = wanted[Number(row[PLACE]) - 1];
    if (one === undefined) continue;
    const stored = options.fold.newRow(one.key);
    for (const column of rest) stored[column.name] = decodeColumn(column, row[column.name] ?? null);
    one.row = stored;
  }
}
