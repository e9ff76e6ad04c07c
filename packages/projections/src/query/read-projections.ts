import { type AnyProjection, InvalidArgumentError, type LogToken } from '@leftfold/core';
import { assertEach, assertFunction, assertGiven, assertProjection } from '@leftfold/core/input';
import { IDLE_LIMIT_MS } from '@leftfold/postgres';
import { type Driver, Kysely } from 'kysely';
import { type ProjectionInSchema } from '../jsonb/column-scope.ts';
import { jsonbPlugin } from '../jsonb/jsonb-plugin.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import type { DistinctTables, ReadModelQueries, ReadTables } from './query-of.ts';
import type { ReadOptions } from './query-options.ts';
import type { ReadConnection } from './read-connection.ts';
import { asOpenRead } from './open-read.ts';
import { dialectOf, readsOnly } from './read-driver.ts';
import { readNames, toWanted } from './read-options.ts';
import { openSnapshot, type QueryContext, type ReadProjections } from './snapshot.ts';
import { EACH_SCHEMA, tableSchemasPlugin } from './table-schemas.ts';

/** Where in the log a read is. */
export interface ReadAt {
  /**
   * Of the last event that the rows may show, in the projection that has come furthest. A later read with it as `atLeast`,
   * in whatever process, never has older rows.
   */
  readonly token: LogToken;
}

/** What a read runs. */
export type ReadWork<TProjections extends readonly AnyProjection[], TResult> = (
  db: ReadModelQueries<ReadTables<TProjections>>,
  at: ReadAt,
) => Promise<TResult>;

/**
 * Runs queries on several projections in one snapshot. See `App.read`.
 *
 * @throws the errors of `openSnapshot`, and what `work` throws; the signal's reason also while `work` runs
 * @throws InvalidArgumentError when two projections have a table of one name, or an option is misspelt
 */
export async function readProjections<const TProjections extends ReadProjections, TResult>(
  context: QueryContext,
  projections: TProjections & DistinctTables<TProjections>,
  options: ReadOptions,
  work: ReadWork<TProjections, TResult>,
): Promise<TResult> {
  assertEach('projections', projections, assertProjection);
  if (projections.length === 0) throw new InvalidArgumentError('projections', 'must have at least one');
  assertGiven('options', options, readNames);
  assertFunction('work', work);
  if (work === undefined) throw InvalidArgumentError.not('a function', 'work', work);
  const { signal } = options;
  const wanted = { ...toWanted(options), idleMs: IDLE_LIMIT_MS };
  const inSchemas = projections.map((projection): ProjectionInSchema => {
    return { schema: projectionSchema(context.store.schema, projection), projection };
  });
  const plugins = [tableSchemasPlugin(schemasByTable(inSchemas)), jsonbPlugin(inSchemas)];
  // Each repetition is caused by another change of the schemas.
  for (;;) {
    const { connection, token } = await openSnapshot(context, projections, wanted);
    const driver = new SnapshotDriver(connection);
    try {
      const db = new Kysely({ dialect: dialectOf(driver), plugins }).withSchema(EACH_SCHEMA);
      // The tables and columns are those of the definitions; the types of any projections do not have their names.
      const inRead = () => asOpenRead(context.store, () => work(db as never, { token }));
      const result = await connection.whileOpen(inRead, signal);
      driver.end();
      if (await connection.isInSnapshot()) return result;
    } catch (error) {
      if (signal?.aborted === true || !(await connection.failedBySwitch())) throw error;
    } finally {
      driver.end();
      const released = connection.release();
      // A query that the work has begun may still run.
      if (signal?.aborted !== true) await released;
    }
  }
}

/** @throws InvalidArgumentError when two projections have a table of one name */
function schemasByTable(projections: readonly ProjectionInSchema[]): ReadonlyMap<string, string> {
  const schemas = new Map<string, string>();
  for (const { schema, projection } of projections) {
    for (const { name } of projection.tables) {
      const other = schemas.get(name);
      if (other !== undefined)
        throw new InvalidArgumentError(
          'projections',
          `have two tables "${name}", in the schemas ${other} and ${schema}; read them one after the other with app.query, each with the same token`,
        );
      schemas.set(name, schema);
    }
  }
  return schemas;
}

/** Gives one connection to all queries, until it is ended. */
class SnapshotDriver implements Driver {
  readonly #connection: ReadConnection;
  #ended = false;

  constructor(connection: ReadConnection) {
    connection.takeSelects();
    this.#connection = connection;
  }

  /** No query runs any more. */
  end(): void {
    this.#ended = true;
  }

  async acquireConnection(): Promise<ReadConnection> {
    if (this.#ended)
      throw new InvalidArgumentError(
        'query',
        'was made after app.read had ended; await its queries in the callback',
      );
    return this.#connection;
  }

  /** It is released when the read ends. */
  async releaseConnection(): Promise<void> {}

  async init(): Promise<void> {}

  async destroy(): Promise<void> {}

  beginTransaction = readsOnly;
  commitTransaction = readsOnly;
  rollbackTransaction = readsOnly;
}
