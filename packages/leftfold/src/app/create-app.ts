import { createCommandExecutor, type MetadataSchema, type CustomMetadataOf } from '@leftfold/commands';
import type { AnyAggregate, AnyDecision, AnyProjection } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { createProjectionRunner, inlineProjections } from '@leftfold/projections';
import { chooseDatabase } from '../database/choose-database.ts';
import { describeDatabase } from '../database/describe-database.ts';
import type { QueryOptions } from '../query/query-options.ts';
import { queryProjection } from '../query/query-projection.ts';
import type { App } from './app.ts';
import type { AppOptions } from './app-options.ts';
import { assertDistinct, eventGroupsOf } from './definitions.ts';
import { DisposableStack } from './disposable-stack.ts';
import { waitForInline } from './wait-for-inline.ts';

/**
 * Starts an application: connects to Postgres, migrates it, and keeps the projections up to date.
 *
 * Any number of processes may run the same app on one database.
 *
 * Inline projections are in step with every append of the app from its start: it waits until the history is applied
 * to one that is new. Not so with `runProjections: false`, where another process has to see to it.
 *
 * @throws DuplicateDefinitionError when two aggregates, decisions, projections or events have one name.
 * @throws StoreMisconfiguredError when there is no database, it is too old, or a right is missing.
 * @throws SchemaMismatchError when the database was migrated by a newer release.
 * @throws StoreUnavailableError when it cannot be reached.
 */
export async function createApp<
  const TAggregates extends readonly AnyAggregate[] = readonly [],
  const TDecisions extends readonly AnyDecision[] = readonly [],
  const TProjections extends readonly AnyProjection[] = readonly [],
  TMetadata extends MetadataSchema = MetadataSchema,
>(
  options: AppOptions<TAggregates, TDecisions, TProjections, TMetadata>,
): Promise<App<TAggregates[number], TDecisions[number], TProjections[number], CustomMetadataOf<TMetadata>>> {
  const { schema = 'leftfold', runProjections = true } = options;
  const aggregates: readonly AnyAggregate[] = options.aggregates ?? [];
  const decisions: readonly AnyDecision[] = options.decisions ?? [];
  const projections: readonly AnyProjection[] = options.projections ?? [];
  const events = eventGroupsOf({ aggregates, decisions, projections, events: options.events ?? [] });
  assertDistinct({ aggregates, decisions, projections, events });

  const ending = new DisposableStack();
  try {
    const database = await chooseDatabase(options, process.env, () => import('@leftfold/embedded'));
    ending.defer(database.stop);
    const { connectionString, pool } = database;
    const inline = inlineProjections(projections, { schema });
    const store = createEventStore({ ...options, connectionString, pool, events, schema, inline });
    ending.defer(() => store.close());
    await store.migrate();
    const runner = createProjectionRunner({ store, projections, onError: options.onProjectionError });
    ending.defer(() => runner.stop());
    if (runProjections) {
      await runner.start();
      await waitForInline(runner, projections);
    } else {
      await runner.migrate();
    }
    const executor = createCommandExecutor({ ...options, aggregates, decisions, store, snapshots: store });
    ending.defer(() => executor.close());

    let closed = false;
    const close = () => {
      closed = true;
      return ending.dispose();
    };
    const reading = { store, runner, isClosed: () => closed };
    const app = {
      ...executor,
      query: (projection: AnyProjection, queryOptions: QueryOptions = {}) =>
        queryProjection(reading, projection, queryOptions),
      waitFor: runner.waitFor.bind(runner),
      whenCaughtUp: runner.whenCaughtUp.bind(runner),
      reset: runner.reset.bind(runner),
      resume: runner.resume.bind(runner),
      status: runner.status.bind(runner),
      store,
      database: await describeDatabase(database, store),
      close,
      [Symbol.asyncDispose]: close,
    };
    options.onStart?.(app.database);
    return app;
  } catch (error) {
    await ending.dispose().catch(() => {});
    throw error;
  }
}
