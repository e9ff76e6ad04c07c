import type { CommandExecutor, CommandResult } from '@leftfold/commands';
import type {
  AnyAggregate,
  AnyCommand,
  AnyDecision,
  AnyEventGroup,
  AnyProjection,
  AnyTableProjection,
  CustomMetadata,
  MetadataWith,
  RecordedEvent,
  RecordedEventOf,
  RecordedMetadata,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { DistinctTables, QueryOf, QueryOptions, ReadOptions, ReadWork } from '@leftfold/projections';
import type { SubscriptionIncident } from '@leftfold/subscriptions';
import type {
  AppConsumers,
  AppProcesses,
  AppProjections,
  AppReactions,
  AppRelays,
  AppStatus,
} from './app-groups.ts';
import type { AppHistory } from '../history/app-history.ts';
import type { AppHealth, HealthOptions, ReadyOptions } from '../health/health.ts';

/**
 * A running application: commands, queries, projections. Created by `createApp`; close it, or declare it with
 * `await using`.
 */
export interface App<
  TAggregate extends AnyAggregate = AnyAggregate,
  TDecision extends AnyDecision = AnyDecision,
  TProjection extends AnyProjection = AnyProjection,
  TMetadata extends CustomMetadata = CustomMetadata,
  TEvent extends RecordedEvent = RecordedEvent,
  TReason extends string = AnyAggregate extends TAggregate ? string : never,
> extends Pick<
      CommandExecutor<TAggregate, TDecision, TMetadata, TReason>,
      'execute' | 'load' | 'parseCommand'
    >,
    AsyncDisposable {
  /**
   * Queries a projection with kysely: the rows of a table projection with all columns selected (`clearSelect()` to
   * choose others), or `selectFrom` on the tables of a general projection.
   *
   * With `atLeast` it waits, when it is executed, until the projection has applied the event of that token; with
   * `consistency: 'strong'`, every event that was committed before.
   *
   * @throws SubscriptionTimeoutError when it takes longer than `timeoutMs`.
   * @throws SubscriptionFailedError when the projection has stopped before that event; EventParkedError, KeysParkedError.
   * @throws LogRewoundError when the log does not have that event, as after a restore: discard the token.
   *
   * @example
   * const { token } = await app.execute(account.command.deposit('acc-1', { cents: 500 }));
   * const rows = await app.query(balances, { atLeast: token }).where('cents', '>', 0).execute();
   */
  query<TQueried extends TProjection>(projection: TQueried, options?: QueryOptions): QueryOf<TQueried>;

  /**
   * Runs queries on several projections in one snapshot: rows of all of them are of the same moment, and can be joined.
   *
   * It waits, without a connection, until each of them is as recent as the options require. The tables of different
   * projections must have different names. When a projection is rebuilt and switched meanwhile, `work` runs again on a new
   * snapshot, so let it do nothing but read. Its queries run in one read-only transaction, which PostgreSQL ends when it
   * is idle for 5 seconds. In `work` no other `read` or `query` of the app can be made.
   *
   * @param work gets kysely's `selectFrom`, `with`, `withRecursive`, `fn`, and the token of what it reads
   * @returns what `work` returns
   * @throws the errors of {@link App.query}, and what `work` throws
   * @throws InvalidArgumentError when two projections have a table of the same name, or a query in `work` is no select query
   * or not made with its `db`.
   *
   * @example
   * const { rows, token } = await app.read([balances, owners], { atLeast }, async (db, at) => {
   *   const query = db.selectFrom('balances').innerJoin('owners', 'owners.account_id', 'balances.account_id');
   *   return { rows: await query.select(['owners.owner', 'balances.cents']).execute(), token: at.token };
   * });
   */
  read<const TRead extends readonly [TProjection, ...TProjection[]], TResult>(
    projections: TRead & DistinctTables<TRead>,
    options: ReadOptions,
    work: ReadWork<TRead, TResult>,
  ): Promise<TResult>;

  /** Status of the projections, and what an operator does with them. */
  readonly projections: AppProjections<TProjection>;

  /** Status of the reactions, and what an operator does with them. */
  readonly reactions: AppReactions;

  /** Status of the processes and their instances, and what an operator does with them. */
  readonly processes: AppProcesses;

  /** Status of the relays, and what an operator does with them. */
  readonly relays: AppRelays;

  /** Status of the consumers, and what an operator does with them. */
  readonly consumers: AppConsumers;

  /** Questions about the past: the first event after which something did not hold. */
  readonly history: AppHistory<TAggregate, Extract<TProjection, AnyTableProjection>, TEvent>;

  /** The event store: for appends without a command, for reading and subscribing. */
  readonly store: PostgresEventStore<TEvent>;

  /** Which Postgres is used, in one line. */
  readonly database: string;

  /**
   * Whether the app is alive and ready, for the probes of a load balancer or an orchestrator. One round trip, and
   * one for each consumer at the same time, within `timeoutMs`; it never fails because of the database.
   *
   * @throws InvalidArgumentError when an option is misspelt; nothing else
   *
   * @example
   * const { ready, checks } = await app.health({ maxLagSeconds: 30 });
   * return Response.json(checks, { status: ready ? 200 : 503 });
   */
  health(options?: HealthOptions): Promise<AppHealth>;

  /**
   * What a deployment waits for: every projection has caught up once, in whatever process it runs, inline ones are inline,
   * or kept from it by appends of another release, a process runs every reaction and relay, and the consumers of this process
   * receive messages.
   *
   * @throws NotReadyError when it takes longer than `timeoutMs`: it names each part and the reason
   * @throws ClosedError when the app is closed meanwhile
   */
  ready(options?: ReadyOptions): Promise<void>;

  /** How each part of the app is doing. @throws StoreUnavailableError */
  status(): Promise<AppStatus>;

  /**
   * Stops in order: handlers of messages end, handlers of reactions are ended by their signals, running commands end, projections finish their current batch and release their leases, connections
   * are closed, and an embedded Postgres is stopped. Later calls fail with ClosedError.
   *
   * What has not ended within `database.answerTimeoutMs`, or a longer `subscriptions.stopTimeoutMs` that is given, is not
   * waited for: calls that wait for the database fail then, and nothing is appended afterwards. Connections of the app's
   * own pool are broken off. On a pool of yours a statement ends when its own limit is over.
   */
  close(): Promise<void>;
}

/**
 * What `execute` of an app resolves to: `ResultOf<typeof app>` for any of its commands,
 * `ResultOf<typeof app, ReturnType<typeof account.command.open>>` for one. Narrow it by `outcome`.
 */
export type ResultOf<
  TApp extends Pick<App, 'parseCommand'>,
  TCommand extends AnyCommand = ReturnType<TApp['parseCommand']>,
> =
  TApp extends App<infer _A, infer _D, infer _P, infer TMetadata, infer _E, infer TReason>
    ? CommandResult<TCommand, MetadataWith<TMetadata>, TReason>
    : never;

/** Something that went wrong in a projection, a reaction, a relay or a consumer of an app. */
export interface AppIncident extends SubscriptionIncident {
  /** The name of the consumer that it is about; undefined when it is about another part. */
  readonly consumer: string | undefined;
}

/** Every event that an app reads: those of its aggregates, decisions and projections, and further ones. */
export type AppEvent<
  TAggregate extends AnyAggregate,
  TDecision extends AnyDecision,
  TProjection extends AnyProjection,
  TGroup extends AnyEventGroup,
  TMetadata extends CustomMetadata,
> = RecordedEventOf<
  TAggregate['events'] | TDecision['events'][number] | TProjection['events'][number] | TGroup,
  RecordedMetadata<TMetadata>
>;
