import type { CommandExecutorOptions } from '@leftfold/commands';
import type {
  AnyAggregate,
  AnyDecision,
  AnyEventGroup,
  AnyProcess,
  AnyProjection,
  AnyReaction,
  MetadataSchema,
} from '@leftfold/core';
import type { EventStoreOptions } from '@leftfold/event-store';
import type { AnyRelay, ConsumerDefinition } from '@leftfold/messaging';
import type { ProjectionRunnerOptions } from '@leftfold/projections';
import type { DatabaseOptions } from '../database/choose-database.ts';
import type { ReadyProgress } from '../health/health.ts';
import type { AppIncident } from './app.ts';

/**
 * Options of {@link createApp}: the definitions, and a group for each concern. Every option of the packages underneath is
 * in one of the groups.
 */
export interface AppOptions<
  TAggregates extends readonly AnyAggregate[],
  TDecisions extends readonly AnyDecision[],
  TProjections extends readonly AnyProjection[],
  TMetadata extends MetadataSchema,
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
  TReason extends string = never,
  TProcesses extends readonly AnyProcess[] = readonly AnyProcess[],
> {
  readonly aggregates?: TAggregates | undefined;
  /** Rules over several aggregates. */
  readonly decisions?: TDecisions | undefined;
  readonly projections?: TProjections | undefined;
  /** Effects outside of the database, by `defineReaction`. */
  readonly reactions?: readonly AnyReaction[] | undefined;
  /**
   * What follows over time from events and messages, by `defineProcess`: several versions of one process, until the last
   * instance of the former ones has ended.
   */
  readonly processes?: TProcesses | undefined;
  /** What is published to other services, by `defineRelay` of @leftfold/messaging. */
  readonly relays?: readonly AnyRelay[] | undefined;
  /** What happens when other services publish messages, by `defineConsumer` of @leftfold/messaging. */
  readonly consumers?: readonly ConsumerDefinition[] | undefined;
  /** Events beside those of the aggregates, projections, reactions and relays, which are included. */
  readonly events?: TGroups | undefined;
  /** The Postgres schema of the log. The schemas of read models begin with its name. @default 'leftfold' */
  readonly schema?: string | undefined;
  /** Which Postgres, and how to connect to it. @default DATABASE_URL, else an embedded Postgres, except in production */
  readonly database?: AppDatabaseOptions | undefined;
  /** Limits and tuning of the event store. */
  readonly store?: AppStoreOptions | undefined;
  /** Metadata, middleware, retries and caching of commands. */
  readonly commands?: AppCommandOptions<TMetadata, TReason> | undefined;
  /** How this process runs projections and reactions: leases, batches, retries. */
  readonly subscriptions?: AppSubscriptionOptions | undefined;
  /**
   * Called several times in a second while `createApp` waits for new inline projections: how far the one is that is
   * furthest behind.
   */
  readonly onProgress?: ((progress: ReadyProgress) => void) | undefined;
  /** Called once the app is ready, with one line that says which Postgres is used. */
  readonly onStart?: ((message: string) => void) | undefined;
}

/** Which Postgres, and how to connect to it. */
export interface AppDatabaseOptions
  extends DatabaseOptions,
    Pick<EventStoreOptions, 'maxConnections' | 'preparedStatements' | 'listen' | 'answerTimeoutMs'> {
  /**
   * Milliseconds for which `createApp` waits for a database that cannot be reached: nothing listens there, its name does
   * not resolve, it is starting up, or it goes away while the app starts. They count from each loss of the database on. One
   * line on stderr says so. A refused login and a database that does not exist are errors at once. The last attempt to
   * connect can take ten seconds more.
   *
   * @default 0
   */
  readonly waitMs?: number | undefined;
}

/** Limits and tuning of the event store. */
export interface AppStoreOptions
  extends Pick<EventStoreOptions, 'limits' | 'validateOnRead' | 'appendConcurrency'> {}

/** Metadata, middleware, retries and caching of commands. */
export interface AppCommandOptions<TMetadata extends MetadataSchema, TReason extends string = never>
  extends Omit<
    CommandExecutorOptions<readonly AnyAggregate[], readonly AnyDecision[], TMetadata, TReason>,
    'store' | 'snapshots' | 'aggregates' | 'decisions'
  > {}

/** How this process runs projections: leases, batches, retries. */
export interface AppSubscriptionOptions
  extends Omit<ProjectionRunnerOptions, 'store' | 'projections' | 'onIncident'> {
  /**
   * Whether this process runs projections, reactions, processes, relays and consumers. With `false`, commands and queries work as
   * well, and another process has to run them.
   *
   * @default true
   */
  readonly run?: boolean | undefined;
  /**
   * Called for each failure of a projection, reaction, relay or consumer.
   *
   * @default a warning of the process for those that need an operator
   */
  readonly onIncident?: ((incident: AppIncident) => void) | undefined;
}
