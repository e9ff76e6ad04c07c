import type {
  AnyProjection,
  Columns,
  HandlerProjection,
  ReadModel,
  Row,
  TableProjection,
  TableSchemas,
  TablesOf,
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

type Intersected<TUnion> = (TUnion extends unknown ? (one: TUnion) => void : never) extends (
  all: infer TAll,
) => void
  ? TAll
  : never;

/** The tables of several projections together. */
export type ReadTables<TProjections extends readonly AnyProjection[]> =
  Intersected<TablesOf<TProjections[number]>> extends infer TTables extends TableSchemas ? TTables : never;

/** Names of tables that two projections of a list have. */
type RepeatedTable<TProjections extends readonly unknown[], TSeen = never> = TProjections extends readonly [
  infer TFirst,
  ...infer TRest,
]
  ? (keyof TablesOf<TFirst> & TSeen) | RepeatedTable<TRest, TSeen | keyof TablesOf<TFirst>>
  : never;

/** Fits no list of projections of which two have a table of the same name. */
export type DistinctTables<TProjections extends readonly AnyProjection[]> = [
  RepeatedTable<TProjections>,
] extends [never]
  ? unknown
  : { readonly repeatedTable: RepeatedTable<TProjections> };
