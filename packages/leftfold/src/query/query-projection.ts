import type { AnyProjection } from '@leftfold/core';
import { projectionSchema } from '@leftfold/projections';
import { Kysely } from 'kysely';
import type { QueryOf } from './query-of.ts';
import type { QueryOptions } from './query-options.ts';
import { type ReadContext, readDialect } from './read-driver.ts';

/**
 * A query on a projection's tables. Nothing is asked of the database before the query is executed, and each time it is
 * executed it waits for `atLeast` anew.
 */
export function queryProjection<TProjection extends AnyProjection>(
  context: ReadContext,
  projection: TProjection,
  options: QueryOptions,
): QueryOf<TProjection> {
  const dialect = readDialect(context, projection, options);
  const schema = projectionSchema(context.store.schema, projection);
  const tables = new Kysely<Readonly<Record<string, unknown>>>({ dialect }).withSchema(schema);
  // The tables and columns are those of the definition; a projection of any kind does not know their names.
  return (
    projection.kind === 'table' ? tables.selectFrom(projection.name).selectAll() : tables
  ) as QueryOf<TProjection>;
}
