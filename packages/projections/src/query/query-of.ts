import type {
  Columns,
  HandlerProjection,
  ReadModel,
  Row,
  TableSchemas,
  TableProjection,
} from '@leftfold/core';
import type { Kysely, SelectQueryBuilder } from 'kysely';

/** A kysely query on the rows of a table projection, with all columns selected; narrow it by `where`, `orderBy` … */
export type RowsQuery<TName extends string, TColumns extends Columns> = SelectQueryBuilder<
  { readonly [TTable in TName]: Row<TColumns> },
  TName,
  Row<TColumns>
>;

/** The methods of kysely that read, on the tables of a projection. */
export type ReadModelQueries<TTables extends TableSchemas> = Pick<
  Kysely<ReadModel<TTables>>,
  'selectFrom' | 'with' | 'withRecursive' | 'fn' | 'dynamic'
>;

/** The query that a projection is read with: its rows, or its tables. */
export type QueryOf<TProjection> =
  TProjection extends TableProjection<infer TName, infer TColumns>
    ? RowsQuery<TName, TColumns>
    : TProjection extends HandlerProjection<string, infer TTables>
      ? ReadModelQueries<TTables>
      : never;
