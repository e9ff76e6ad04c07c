import { createCommandExecutor, type CustomMetadataOf } from '@leftfold/commands';
import type {
  AnyAggregate,
  AnyDecision,
  AnyEventGroup,
  AnyProcess,
  AnyProjection,
  AnyTableProjection,
  KeyOf,
  MetadataSchema,
  ProcessAggregate,
} from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { createConsumerRunner, createRelayRunner, type ExecuteMessageCommand } from '@leftfold/messaging';
import {
  createProjectionRunner,
  type ExplainOptions,
  explainRow,
  ProjectionAudit,
  inlineProjections,
  type QueryOptions,
  queryProjection,
  readProjections,
  type ReadOptions,
  type ReadLogOptions,
} from '@leftfold/projections';
import { createProcessRunner, type ExecuteProcessCommand, processAggregates } from '@leftfold/processes';
import { createReactionRunner, type ExecuteCommand } from '@leftfold/subscriptions';
import { SharedLimit, tell } from '@leftfold/postgres';
import { chooseDatabase } from '../database/choose-database.ts';
import { describeDatabase, placeOf } from '../database/describe-database.ts';
import { loadEmbedded } from '../database/load-embedded.ts';
import { whenReachable } from '../database/when-reachable.ts';
import { type AnyInvariant, firstViolation } from '../history/first-violation.ts';
import type { AppParts } from '../health/app-parts.ts';
import { type HealthOptions, healthOf, type ReadyOptions } from '../health/health.ts';
import { tellingProgress, whenReady } from '../health/ready.ts';
import type { App, AppEvent } from './app.ts';
import type { AppOptions } from './app-options.ts';
import { assertAppOptions } from './assert-app-options.ts';
import { startComponent } from './component.ts';
import { definitionsOf } from './definitions.ts';
import { DisposableStack } from './disposable-stack.ts';
import { incidentCallbacks } from './incident-callbacks.ts';
import { operationsOf } from './operations-of.ts';
import { inboxSchema } from './inbox-schema.ts';

/**
 * Starts an application: connects to Postgres, migrates it, and runs its projections, reactions, processes, relays and
 * consumers.
 *
 * Any number of processes may run the same app on one database.
 *
 * It resolves once new inline projections have caught up, so that every append of the app applies them. One that cannot
 * be inline for now, because processes append without it, is applied asynchronously, and reported as an incident.
 * `onProgress` tells how far they are; after ten seconds an incident names the one that is waited for, and why. With
 * `subscriptions: { run: false }` it does not wait: another process has to run the projections.
 *
 * @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take.
 * @throws DuplicateDefinitionError when two aggregates, decisions, projections, reactions, consumers or events have one
 * name.
 * @throws DatabaseNotConfiguredError when no database is configured, also when NODE_ENV is "production" and only the
 * embedded one is there.
 * @throws LoginRefusedError, ServerTooOldError, MissingRightsError, ReadOnlyDatabaseError when the database cannot be
 * used as it is.
 * @throws SchemaMismatchError when a newer release has migrated the database.
 * @throws StoreUnavailableError when the database cannot be reached, or stays away for longer than `database.waitMs`
 * during the start.
 *
 * @example
 * await using app = await createApp({ aggregates: [account], projections: [balances] });
 * const { token } = await app.execute(account.command.open('acc-1', { owner: 'Ada' }));
 * const rows = await app.query(balances, { atLeast: token }).execute();
 */
export async function createApp<
  const TAggregates extends readonly AnyAggregate[] = readonly [],
  const TDecisions extends readonly AnyDecision[] = readonly [],
  const TProjections extends readonly AnyProjection[] = readonly [],
  TMetadata extends MetadataSchema = MetadataSchema,
  const TGroups extends readonly AnyEventGroup[] = readonly [],
  TReason extends string = never,
  const TProcesses extends readonly AnyProcess[] = readonly [],
>(
  options: AppOptions<TAggregates, TDecisions, TProjections, TMetadata, TGroups, TReason, TProcesses>,
): Promise<
  App<
    TAggregates[number] | ProcessAggregate<TProcesses[number]>,
    TDecisions[number],
    TProjections[number],
    CustomMetadataOf<TMetadata>,
    AppEvent<
      TAggregates[number],
      TDecisions[number],
      TProjections[number],
      TGroups[number],
      CustomMetadataOf<TMetadata>
    >,
    TReason
  >
> {
  assertAppOptions(options);
  const { schema = 'leftfold', database: databaseOptions = {}, store: storeOptions = {} } = options;
  const { url, pool, embedded, waitMs = 0, ...connection } = databaseOptions;
  const { run = true, onIncident, ...subscriptionOptions } = options.subscriptions ?? {};
  const { ofSubscriptions, ofConsumers } = incidentCallbacks(onIncident);
  const runnerOptions = { ...subscriptionOptions, onIncident: ofSubscriptions };
  const { aggregates, decisions, projections, reactions, processes, relays, consumers, events } =
    definitionsOf(options);

  const print = (line: string) => void process.stderr.write(`${line}\n`);
  const stack = new DisposableStack();
  try {
    const database = await chooseDatabase(
      { url, pool, embedded },
      {
        environment: process.env,
        loadEmbedded,
        print,
      },
    );
    await startComponent(stack, { stop: database.stop });
    const place = placeOf(database);
    const reachable = <TResult>(request: () => Promise<TResult>) =>
      whenReachable(request, { waitMs, place, print });
    const store = createEventStore({
      ...connection,
      ...storeOptions,
      connectionString: database.connectionString,
      pool: database.pool,
      events,
      schema,
      inline: inlineProjections(projections, { schema }),
    });
    const closing = new SharedLimit(Math.max(store.answerMs, runnerOptions.stopTimeoutMs ?? 0), () =>
      store.breakOff(),
    );
    stack.defer(() => closing.wait(store.close()));
    // All are made before the first migration: they check their options, and a wrong one must leave the database alone.
    const runner = createProjectionRunner({ ...runnerOptions, store, projections });
    const audit = new ProjectionAudit({ store, runner, onIncident: runnerOptions.onIncident });
    const executor = createCommandExecutor({
      ...options.commands,
      aggregates: [...aggregates, ...processAggregates(processes)],
      decisions,
      store,
      snapshots: store,
    });
    const { cachedRows: _, ...reactionOptions } = runnerOptions;
    const reactionRunner = createReactionRunner({
      ...reactionOptions,
      store,
      reactions,
      // Sound: the executor parses a command, and throws for one that it does not know.
      execute: (command, given) =>
        executor.execute(command as never, given as never) as ReturnType<ExecuteCommand>,
    });
    const processRunner = createProcessRunner({
      ...reactionOptions,
      store,
      processes,
      metadata: options.commands?.metadata,
      // Sound, as for reactions.
      execute: (command, given) =>
        executor.execute(command as never, given as never) as ReturnType<ExecuteProcessCommand>,
    });
    const relayRunner = createRelayRunner({ ...reactionOptions, store, relays });
    const consumerRunner = createConsumerRunner({
      consumers,
      database: { connectionString: database.connectionString, pool: database.pool },
      schema: inboxSchema(schema),
      preparedStatements: connection.preparedStatements,
      onIncident: ofConsumers,
      // Sound, as for reactions.
      execute: (command, given) =>
        executor.execute(command as never, given as never) as ReturnType<ExecuteMessageCommand>,
    });
    let closed = false;
    const reading = { store, runner, isClosed: () => closed };
    const parts: AppParts = {
      ...reading,
      projections,
      reactions,
      reactionRunner,
      processes,
      processRunner,
      relays,
      relayRunner,
      consumerRunner: run ? consumerRunner : undefined,
    };
    await startComponent(stack, { migrate: () => reachable(() => store.migrate()) });
    await startComponent(stack, {
      migrate: () => reachable(() => runner.migrate()),
      start: async () => {
        if (!run) return;
        await reachable(() => runner.start());
        const inline = projections.filter(({ mode }) => mode === 'inline');
        const waiting = Promise.all(
          inline.map((projection) => runner.untilInline(projection, undefined, reachable)),
        );
        await tellingProgress(
          waiting,
          {
            ...parts,
            projections: inline,
            reactions: [],
            processes: [],
            relays: [],
            consumerRunner: undefined,
          },
          options.onProgress,
        );
      },
      stop: () => closing.wait(runner.stop()),
    });
    await startComponent(stack, { stop: () => closing.wait(audit.close()) });
    await startComponent(stack, { stop: () => closing.wait(executor.close()) });
    await startComponent(stack, {
      migrate: () => reachable(async () => (reactions.length > 0 ? reactionRunner.migrate() : undefined)),
      start: () => reachable(async () => (run && reactions.length > 0 ? reactionRunner.start() : undefined)),
      stop: () => closing.wait(reactionRunner.stop()),
    });
    await startComponent(stack, {
      migrate: () => reachable(() => processRunner.migrate()),
      start: () => reachable(async () => (run && processes.length > 0 ? processRunner.start() : undefined)),
      stop: () => closing.wait(processRunner.stop()),
    });
    await startComponent(stack, {
      migrate: () => reachable(() => relayRunner.migrate()),
      start: () => reachable(async () => (run && relays.length > 0 ? relayRunner.start() : undefined)),
      stop: () => closing.wait(relayRunner.stop()),
    });
    await startComponent(stack, {
      migrate: () => reachable(() => consumerRunner.migrate()),
      start: () => reachable(async () => (run ? consumerRunner.start() : undefined)),
      stop: () => closing.wait(consumerRunner.stop()),
    });

    const close = () => {
      closed = true;
      return stack.dispose();
    };
    const app = {
      ...executor,
      // Sound, as for the store below: both know exactly the definitions of the app.
      parseCommand: (value: unknown) => executor.parseCommand(value) as never,
      query: (projection: AnyProjection, queryOptions: QueryOptions = {}) =>
        queryProjection(reading, projection, queryOptions),
      // Sound: the rows and the result are those of the projections and of `work`.
      read: (read: never, readOptions: ReadOptions, work: never) =>
        readProjections<never, never>(reading, read, readOptions, work),
      projections: {
        status: runner.status.bind(runner),
        waitFor: runner.waitFor.bind(runner),
        whenCaughtUp: runner.whenCaughtUp.bind(runner),
        reset: runner.reset.bind(runner),
        resume: runner.resume.bind(runner),
        explain: <TExplained extends AnyTableProjection>(
          projection: TExplained,
          key: KeyOf<TExplained>,
          explainOptions?: ExplainOptions,
        ) => explainRow(store, projection, key, explainOptions),
        rebuild: runner.rebuild.bind(runner),
        pauseRebuild: runner.pauseRebuild.bind(runner),
        resumeRebuild: runner.resumeRebuild.bind(runner),
        dropRebuild: runner.dropRebuild.bind(runner),
        verify: audit.verify.bind(audit),
        repair: audit.repair.bind(audit),
        asOf: audit.asOf.bind(audit),
        rollback: runner.rollback.bind(runner),
        versions: runner.versions.bind(runner),
        dropVersion: runner.dropVersion.bind(runner),
        parked: runner.parked,
      },
      ...operationsOf({ reactionRunner, processRunner, relayRunner, consumerRunner }),
      history: {
        firstViolation: (invariant: unknown, historyOptions?: ReadLogOptions) =>
          firstViolation(store, invariant as AnyInvariant, historyOptions) as Promise<never>,
      },
      store: store as PostgresEventStore<never>,
      database: await reachable(() => describeDatabase(database, store)),
      status: async () => ({
        highWaterMark: await store.highWaterMark(),
        projections: await runner.status(),
        reactions: reactions.length > 0 ? await reactionRunner.status() : [],
        processes: processes.length > 0 ? await processRunner.status() : [],
        relays: relays.length > 0 ? await relayRunner.status() : [],
        consumers: await consumerRunner.status(),
      }),
      health: (healthOptions?: HealthOptions) => healthOf(parts, healthOptions),
      ready: (readyOptions?: ReadyOptions) => whenReady(parts, readyOptions),
      close,
      [Symbol.asyncDispose]: close,
    };
    tell(options.onStart, app.database);
    return app;
  } catch (error) {
    await stack.dispose().catch(() => {});
    throw error;
  }
}
