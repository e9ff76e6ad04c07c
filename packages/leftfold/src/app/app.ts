import type { CommandExecutor, CommandResult } from '@leftfold/commands';
import type {
  AnyAggregate,
  AnyCommand,
  AnyDecision,
  AnyProjection,
  AnyTableProjection,
  CustomMetadata,
  KeyOf,
  LogToken,
  MetadataWith,
  RecordedEvent,
  RowOf,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type {
  DistinctTables,
  ProjectionStatus,
  QueryOf,
  QueryOptions,
  ReadOptions,
  ReadWork,
  AsOfOptions,
  ExplainOptions,
  Moment,
  PastProjection,
  Repair,
  Verification,
  VerifyOptions,
  RowExplanation,
  GatedRebuildOptions,
  GatedRebuildResult,
  RebuildOptions,
  RebuildResult,
  RollbackOptions,
  ProjectionVersion,
} from '@leftfold/projections';
import type {
  ParkedEvents,
  ReactionRunner,
  SubscriptionStatus,
  WaitForOptions,
} from '@leftfold/subscriptions';
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
   * is idle for 5 seconds.
   *
   * @param work gets kysely's `selectFrom`, `with`, `withRecursive`, `fn`, and the token of what it reads
   * @returns what `work` returns
   * @throws the errors of {@link App.query}, and what `work` throws
   * @throws InvalidArgumentError when two projections have a table of the same name.
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

  /** Questions about the past: the first event after which something did not hold. */
  readonly history: AppHistory<TAggregate, Extract<TProjection, AnyTableProjection>, TEvent>;

  /** The event store: for appends without a command, for reading and subscribing. */
  readonly store: PostgresEventStore<TEvent>;

  /** Which Postgres is used, in one line. */
  readonly database: string;

  /**
   * Whether the app is alive and ready, for the probes of a load balancer or an orchestrator. One round trip, within
   * `timeoutMs`; it never fails because of the database.
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
   * or kept from it by appends of another release, and a process runs every reaction.
   *
   * @throws NotReadyError when it takes longer than `timeoutMs`: it names each part and the reason
   * @throws ClosedError when the app is closed meanwhile
   */
  ready(options?: ReadyOptions): Promise<void>;

  /** How each part of the app is doing. @throws StoreUnavailableError */
  status(): Promise<AppStatus>;

  /**
   * Stops in order: handlers of reactions are ended by their signals, running commands end, projections finish their current batch and release their leases, connections
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

/** Status of an app's projections, and what an operator does with them. */
export interface AppProjections<TProjection extends AnyProjection = AnyProjection> {
  /** The status of each projection, in the order they were given. @throws StoreUnavailableError */
  status(): Promise<readonly ProjectionStatus[]>;

  /** Waits until a projection has applied the event of a token, as of a command's result. @throws like {@link App.query} */
  waitFor(projection: TProjection, token: LogToken, options?: WaitForOptions): Promise<void>;

  /** Waits until a projection has applied everything that is in the log now. */
  whenCaughtUp(projection: TProjection, options?: WaitForOptions): Promise<void>;

  /** Empties a projection and starts it from the beginning of the log. Until it has caught up, queries wait, or fail by `ifNotCaughtUp`. */
  reset(projection: TProjection): Promise<void>;

  /** Continues a stopped projection at the event where it stopped. Fix the cause first. */
  resume(projection: TProjection): Promise<void>;

  /**
   * Explains a row of a table projection: what the events make of it, which one last changed each column, from what, and the
   * newest events with their data. It reads the log from the beginning, and not the stored row. Events given up are left out.
   *
   * @throws InvalidArgumentError for a projection with handlers, a key that is none, and one that no event concerns
   *
   * @example
   * const { row, changedBy, events } = await app.projections.explain(balances, { account_id: 'account-1' });
   * console.log(row?.cents, changedBy.cents?.before, changedBy.cents?.event.type, events.length);
   */
  explain<TExplained extends Extract<TProjection, AnyTableProjection>>(
    projection: TExplained,
    key: KeyOf<TExplained>,
    options?: ExplainOptions,
  ): Promise<RowExplanation<RowOf<TExplained>, KeyOf<TExplained>>>;

  /**
   * Builds the projection's tables anew while the present ones serve and advance. Once the new ones have caught up, one
   * transaction lets them serve. Any process of the same release works on it, and goes on after a crash.
   *
   * With `switchIf`, both are compared at one position when the new ones have caught up, and these serve only when it
   * returns true. When the calling process ends before, they follow the log until `rebuild` is called again.
   *
   * @returns when the new tables serve; with `switchIf`, also when they are kept beside
   * @throws RebuildRefusedError when something depends on the tables and would not be copied, such as a view.
   * @throws RebuildDroppedError when it was dropped meanwhile; SubscriptionFailedError when it stopped at an event.
   *
   * @example
   * const { outcome, difference } = await app.projections.rebuild(balances, {
   *   switchIf: ({ missing, extra }) => missing === 0 && extra === 0,
   *   onProgress: ({ position, secondsLeft }) => console.log(position, secondsLeft),
   * });
   * if (outcome === 'kept') console.log(difference.keys);
   */
  rebuild(projection: TProjection, options: GatedRebuildOptions): Promise<GatedRebuildResult>;
  rebuild(projection: TProjection, options?: RebuildOptions): Promise<RebuildResult>;

  /** Ends the work on a rebuild until it is resumed. @throws RebuildRefusedError when there is none */
  pauseRebuild(projection: TProjection): Promise<void>;

  /** Continues a rebuild that is paused, or has stopped at an event. @throws RebuildRefusedError when there is none */
  resumeRebuild(projection: TProjection): Promise<void>;

  /** Drops the tables of a rebuild, or those that served before the last switch. @throws RebuildRefusedError when there are none */
  dropRebuild(projection: TProjection): Promise<void>;

  /**
   * Replays a projection aside, and compares its rows with those that serve, at one position. The result has the rows that
   * are wrong, and says in words what to do. Takes as long as a rebuild; serves meanwhile.
   *
   * @throws SubscriptionFailedError when an event could not be applied in the replay.
   * @throws StoreUnavailableError when what serves could not be held at one position with it.
   * @throws LogRewoundError when the log went back meanwhile, as after a restore.
   *
   * @example
   * const { equal, keys, message } = await app.projections.verify(balances);
   * if (!equal) console.error(message, keys);
   */
  verify(projection: TProjection, options?: VerifyOptions): Promise<Verification>;

  /**
   * Verifies a projection, and replaces the rows that are wrong, in one transaction.
   *
   * @throws RepairRefusedError when more than 10,000 rows are wrong, or two replays of the same events differ.
   */
  repair(projection: TProjection, options?: VerifyOptions): Promise<Repair>;

  /**
   * Builds a copy of a projection as it was at a position or a time, for queries: `await using past = await …`. It is
   * dropped when it is disposed of, and when the app closes.
   *
   * @throws InvalidArgumentError when the log does not go so far.
   *
   * @example
   * await using past = await app.projections.asOf(balances, { time: new Date('2026-01-01T00:00:00Z') });
   * const rows = await past.query().where('cents', '>', 0).execute();
   */
  asOf<TPast extends TProjection>(
    projection: TPast,
    moment: Moment,
    options?: AsOfOptions,
  ): Promise<PastProjection<TPast>>;

  /**
   * Lets the tables serve again that did before the last switch, once they have caught up. Those that serve now are kept.
   *
   * @throws RebuildRefusedError when there are none.
   */
  rollback(projection: TProjection, options?: RollbackOptions): Promise<RebuildResult>;

  /**
   * All versions of a projection that have tables in this database, and the copies of them, with their positions and sizes.
   *
   * @param projection one of the app, or the name of any
   */
  versions(projection: TProjection | string): Promise<readonly ProjectionVersion[]>;

  /** Drops the tables of a version that no process runs. @throws RebuildRefusedError when one does, or there is none */
  dropVersion(name: string, version: number): Promise<void>;

  /** Events that were set aside, of projections with `onFailure: 'park'`: list, resume, give up. */
  readonly parked: ParkedEvents<TProjection>;
}

/** Status of an app's reactions, and what an operator does with them. */
export type AppReactions = Pick<
  ReactionRunner,
  'status' | 'waitFor' | 'whenCaughtUp' | 'resume' | 'reset' | 'parked'
>;

/** How each part of an app is doing. */
export interface AppStatus {
  /** See {@link PostgresEventStore.highWaterMark}. */
  readonly highWaterMark: number;
  readonly projections: readonly ProjectionStatus[];
  readonly reactions: readonly SubscriptionStatus[];
}
