import type { AnyProjection } from '@leftfold/core';
import {
  assertDuration,
  assertOneOf,
  assertOptions,
  assertProjection,
  type OptionNames,
  placeOfToken,
} from '@leftfold/core/input';
import { Kysely } from 'kysely';
import { jsonbPlugin } from '../jsonb/jsonb-plugin.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import type { QueryOf } from './query-of.ts';
import type { QueryOptions } from './query-options.ts';
import { type QueryContext, readDialect } from './read-driver.ts';

const queryNames: OptionNames<QueryOptions> = {
  atLeast: true,
  ifNotCaughtUp: true,
  timeoutMs: true,
  signal: true,
};

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
  const { atLeast } = options;
  const place = atLeast === undefined ? undefined : placeOfToken('atLeast', atLeast);
  assertOneOf('ifNotCaughtUp', options.ifNotCaughtUp, ['wait', 'fail']);
  assertDuration('timeoutMs', options.timeoutMs);
  const dialect = readDialect(context, projection, { ...options, atLeast: place });
  const schema = projectionSchema(context.store.schema, projection);
  const plugins = [jsonbPlugin(schema, projection)];
  const tables = new Kysely<Readonly<Record<string, unknown>>>({ dialect, plugins }).withSchema(schema);
  // The tables and columns are those of the definition; the type of any projection does not have their names.
  return (
    projection.kind === 'table' ? tables.selectFrom(projection.name).selectAll() : tables
  ) as QueryOf<TProjection>;
}
