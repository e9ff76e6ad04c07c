import type { AnyAggregate, AnyDecision, AnyEventGroup, AnyProjection } from '@leftfold/core';
import type { CommandExecutorOptions, MetadataSchema } from '@leftfold/commands';
import type { EventStoreOptions } from '@leftfold/event-store';
import type { ProjectionRunnerOptions } from '@leftfold/projections';
import type { DatabaseOptions } from '../database/choose-database.ts';

/** What {@link createApp} takes. */
export interface AppOptions<
  TAggregates extends readonly AnyAggregate[],
  TDecisions extends readonly AnyDecision[],
  TProjections extends readonly AnyProjection[],
  TMetadata extends MetadataSchema,
> extends DatabaseOptions,
    Pick<
      CommandExecutorOptions<TAggregates, TDecisions, TMetadata>,
      'metadata' | 'middleware' | 'retry' | 'cache' | 'now' | 'newId' | 'onSnapshotError'
    >,
    Pick<
      EventStoreOptions,
      'maxConnections' | 'validateOnRead' | 'limits' | 'appendConcurrency' | 'preparedStatements' | 'listen'
    > {
  readonly aggregates?: TAggregates | undefined;
  /** Rules over several aggregates. */
  readonly decisions?: TDecisions | undefined;
  readonly projections?: TProjections | undefined;
  /** Events beside those of the aggregates and projections, which are known already. */
  readonly events?: readonly AnyEventGroup[] | undefined;
  /** The Postgres schema that holds the log; read models go into schemas whose names begin with it. @default 'leftfold' */
  readonly schema?: string | undefined;
  /**
   * Whether this process keeps asynchronous projections up to date, and new inline ones until appends apply them.
   * Where it does not, commands and queries work as well, and another process has to.
   *
   * @default true
   */
  readonly runProjections?: boolean | undefined;
  /** Told which Postgres is used, in one line, when the app is ready. */
  readonly onStart?: ((message: string) => void) | undefined;
  /** Told of everything that goes wrong in a projection. @default a warning of the process when one stops */
  readonly onProjectionError?: ProjectionRunnerOptions['onError'];
}
