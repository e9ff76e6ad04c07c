import type { AnyProjection } from '@leftfold/core';
import { assertFunction, assertOptions, assertProjection, type OptionNames } from '@leftfold/core/input';
import { Kysely } from 'kysely';
import { jsonbPlugin } from '../jsonb/jsonb-plugin.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import type { QueryOf } from './query-of.ts';
import type { QueryOptions } from './query-options.ts';
import { readDialect } from './read-driver.ts';
import { readNames, toWanted } from './read-options.ts';
import type { QueryContext } from './snapshot.ts';

const queryNames: OptionNames<QueryOptions> = { ...readNames, onToken: true };

/**
 * A query on a projection's tables. It makes no request to the database until it is executed, and waits for `atLeast`
 * each time it is executed.
 *
 * @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take
 */
export function queryProjection<TProjection extends AnyProjection>(
  context: QueryContext,
  projection: TProjection,
  options: QueryOptions,
): QueryOf<TProjection> {
  assertProjection('projection', projection);
  assertOptions('options', options, queryNames);
  const { onToken } = options;
  assertFunction('onToken', onToken);
  const dialect = readDialect(context, projection, { ...toWanted(options), onToken });
  const schema = projectionSchema(context.store.schema, projection);
  const plugins = [jsonbPlugin([{ schema, projection }])];
  const tables = new Kysely<Readonly<Record<string, unknown>>>({ dialect, plugins }).withSchema(schema);
  // The tables and columns are those of the definition; the type of any projection does not have their names.
  return (
    projection.kind === 'table' ? tables.selectFrom(projection.name).selectAll() : tables
  ) as QueryOf<TProjection>;
}
