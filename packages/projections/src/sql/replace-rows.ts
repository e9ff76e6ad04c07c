import type { TableLayout } from '@leftfold/core/column';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { arrayLiteral } from '../fold/table-codec.ts';
import type { ComparedTable } from './compare-rows.ts';
import { sameKey, unnestKeys } from './write-rows.ts';

/** Rows of one table, by the columns of their keys as Postgres writes them. */
export interface RowsByKey {
  readonly target: ComparedTable;
  /** Where the rows are as they should be. */
  readonly source: ComparedTable;
  readonly layout: TableLayout;
  readonly keys: readonly (readonly string[])[];
}

/**
 * Makes rows of a table what they are in another one: changed, inserted or deleted.
 *
 * SQL: two statements in the caller's transaction, each with one lookup by primary key for each row.
 */
export async function replaceRows(
  tx: Kysely<unknown>,
  { target, source, layout, keys }: RowsByKey,
): Promise<void> {
  const { key } = layout;
  const encoded = {
    count: keys.length,
    key: key.map((column, index) => arrayLiteral(column, keys, (texts) => texts[index] ?? null)),
    rest: [],
  };
  const wanted = unnestKeys(key, encoded, 'wanted');
  const columns = sql.join([...key, ...layout.rest].map(({ name }) => sql.id(name)));
  const found = (table: ComparedTable, selected: RawBuilder<unknown>) => sql`
    from ${wanted}
   cross join lateral (
           select ${selected} from ${sql.id(table.schema, table.table)} as stored
            where ${sameKey(key, 'stored', 'wanted')} limit 1
         ) as found`;
  await sql`
    delete from ${sql.id(target.schema, target.table)}
     where ctid = any (array(select found.ctid ${found(target, sql`stored.ctid`)}))
  `.execute(tx);
  await sql`
    insert into ${sql.id(target.schema, target.table)} (${columns})
    select ${columns} ${found(source, columns)}
  `.execute(tx);
}
