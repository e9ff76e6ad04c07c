import type { AnyProjection, AnyTableProjection, KeyOf, LogToken, RowOf } from '@leftfold/core';
import type {
  AsOfOptions,
  ExplainOptions,
  GatedRebuildOptions,
  GatedRebuildResult,
  Moment,
  PastProjection,
  ProjectionStatus,
  ProjectionVersion,
  RebuildOptions,
  RebuildResult,
  Repair,
  RollbackOptions,
  RowExplanation,
  Verification,
  VerifyOptions,
} from '@leftfold/projections';
import type { ConsumerRunner, ConsumerStatus, RelayRunner, RelayStatus } from '@leftfold/messaging';
import type { ProcessRunner, ProcessStatus } from '@leftfold/processes';
import type {
  ParkedEvents,
  ReactionRunner,
  SubscriptionStatus,
  WaitForOptions,
} from '@leftfold/subscriptions';

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

/** Status of an app's processes and their instances, and what an operator does with them. */
export type AppProcesses = Pick<
  ProcessRunner,
  | 'status'
  | 'waitFor'
  | 'whenCaughtUp'
  | 'resume'
  | 'parked'
  | 'instances'
  | 'load'
  | 'whenEnded'
  | 'pauseInstance'
  | 'resumeInstance'
  | 'cancel'
  | 'retry'
  | 'abandon'
  | 'move'
  | 'fork'
>;

/** Status of an app's relays, and what an operator does with them. */
export type AppRelays = Pick<
  RelayRunner,
  'status' | 'waitFor' | 'whenCaughtUp' | 'resume' | 'pause' | 'rewind' | 'parked'
>;

/** Status of an app's consumers, and what an operator does with them. */
export type AppConsumers = Pick<ConsumerRunner, 'status' | 'waitFor' | 'resume' | 'parked'>;

/** How each part of an app is doing. */
export interface AppStatus {
  /** See {@link PostgresEventStore.highWaterMark}. */
  readonly highWaterMark: number;
  readonly projections: readonly ProjectionStatus[];
  readonly reactions: readonly SubscriptionStatus[];
  /** With the number of their instances. */
  readonly processes: readonly ProcessStatus[];
  /** With whether their brokers take messages, for which each is asked. */
  readonly relays: readonly RelayStatus[];
  /** What is set aside by all processes, and the rest of this process. */
  readonly consumers: readonly ConsumerStatus[];
}
