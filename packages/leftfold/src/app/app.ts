import type { AnyAggregate, AnyDecision, AnyProjection } from '@leftfold/core';
import type { CommandExecutor, CustomMetadata } from '@leftfold/commands';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { ProjectionStatus, WaitForOptions } from '@leftfold/projections';
import type { QueryOf } from '../query/query-of.ts';
import type { QueryOptions } from '../query/query-options.ts';

/** A running application: commands, queries, projections. Made by `createApp`; close it, or use `await using`. */
export interface App<
  TAggregate extends AnyAggregate = AnyAggregate,
  TDecision extends AnyDecision = AnyDecision,
  TProjection extends AnyProjection = AnyProjection,
  TOwn extends CustomMetadata = CustomMetadata,
> extends Pick<CommandExecutor<TAggregate, TDecision, TOwn>, 'execute' | 'load' | 'parseCommand'>,
    AsyncDisposable {
  /**
   * Queries a projection by kysely: the rows of a table projection with all columns selected (`clearSelect()` to
   * choose others), or `selectFrom` on the tables of a general one.
   *
   * With `atLeast` it waits, when it is executed, until the projection has applied that position.
   *
   * @throws ProjectionTimeoutError when it takes longer than `timeoutMs`.
   * @throws ProjectionFailedError when the projection stopped before.
   */
  query<TQueried extends TProjection>(projection: TQueried, options?: QueryOptions): QueryOf<TQueried>;

  /** Waits until a projection has applied the position. @throws like {@link App.query} */
  waitFor(projection: TProjection, position: number, options?: WaitForOptions): Promise<void>;

  /** Waits until a projection has applied everything that is in the log now. */
  whenCaughtUp(projection: TProjection, options?: WaitForOptions): Promise<void>;

  /** Empties a projection and lets it begin anew. Queries see it incomplete until it has caught up. */
  reset(projection: TProjection): Promise<void>;

  /** Lets a projection that stopped go on at the event where it stopped: after its handler was mended. */
  resume(projection: TProjection): Promise<void>;

  /** How each projection stands, in the order they were given. */
  status(): Promise<readonly ProjectionStatus[]>;

  /** The event store underneath: for appends without a command, reading and subscribing. */
  readonly store: PostgresEventStore;

  /** Which Postgres is used, in one line. */
  readonly database: string;

  /**
   * Ends in order: commands that run come to their end, projections finish the batch they are at and give their leases
   * back, connections are closed, and an embedded Postgres is stopped. Later calls fail with StoreUnavailableError.
   */
  close(): Promise<void>;
}
