import {
  type AnyProjection,
  ClosedError,
  LeftfoldError,
  type SubscriptionIdentity,
  SubscriptionNotCaughtUpError,
} from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { borrow, pause, type Statement, toLeftfoldError } from '@leftfold/postgres';
import { hasReached, untilReached } from '@leftfold/subscriptions';
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { ProjectionRunner } from '../runner/projection-runner.ts';
import { beginAtCheckpoint, type CheckpointRow, selectCheckpoint } from '../sql/read-transaction.ts';
import { projectionSchema } from '../tables/projection-schema.ts';
import type { QueryOptions } from './query-options.ts';
import { CaughtUpConnection } from './caught-up-connection.ts';
import { ReadConnection } from './read-connection.ts';

const DEFAULT_TIMEOUT_MS = 5_000;
/** Pause before another look at a projection that has not caught up. */
const RETRY_MS = 10;

/** The options of a query, with the place of its token. */
export interface ReadOptions extends Omit<QueryOptions, 'atLeast'> {
  readonly atLeast: EventPlace | undefined;
}

/** What the queries of one app share. */
export interface QueryContext {
  readonly store: PostgresEventStore;
  readonly runner: ProjectionRunner;
  /** True when no query may run any more. */
  readonly isClosed: () => boolean;
}

/** A kysely dialect that reads a projection once it is as recent as the options require. */
export function readDialect(context: QueryContext, projection: AnyProjection, options: ReadOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new ReadDriver(context, projection, options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/**
 * Provides connections to queries: kysely acquires one for each `execute()`, `stream()` and the like.
 *
 * With `atLeast` the connection is inside a transaction whose snapshot has that event, and the checkpoint at or after it.
 * The query reads in that snapshot, so that a projection that is being reset is never read empty.
 */
class ReadDriver implements Driver {
  readonly #context: QueryContext;
  readonly #projection: AnyProjection;
  readonly #options: ReadOptions;
  readonly #beginAt: (position: number) => Statement;
  readonly #selectCheckpoint: Statement;

  constructor(context: QueryContext, projection: AnyProjection, options: ReadOptions) {
    const { schema } = context.store;
    const tableSchema = projectionSchema(schema, projection);
    this.#beginAt = (position) => beginAtCheckpoint(schema, tableSchema, projection, position);
    this.#selectCheckpoint = selectCheckpoint(schema, projection);
    this.#context = context;
    this.#projection = projection;
    this.#options = options;
  }

  async acquireConnection(): Promise<ReadConnection | CaughtUpConnection> {
    const { atLeast, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    if (atLeast === undefined) return this.#connectCaughtUp();
    return this.#connectAtLeast(atLeast, timeoutMs);
  }

  /**
   * @returns a connection in a snapshot that has the checkpoint and the event there
   * @throws SubscriptionTimeoutError; LogRewoundError when the log does not have the event
   */
  #connectAtLeast(atLeast: EventPlace, timeoutMs: number): Promise<ReadConnection> {
    return untilReached({
      identity: this.#identity,
      wanted: atLeast.position,
      check: () => this.#connectAt(atLeast),
      wait: (remainingMs) => this.#waitFor(atLeast.position, remainingMs),
      timeoutMs,
      signal: this.#options.signal,
    });
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof ReadConnection || connection instanceof CaughtUpConnection)
      await connection.release();
  }

  async init(): Promise<void> {}

  /** The pool belongs to the store. */
  async destroy(): Promise<void> {}

  beginTransaction = readsOnly;
  commitTransaction = readsOnly;
  rollbackTransaction = readsOnly;

  async #connect(): Promise<ReadConnection> {
    const { store, isClosed } = this.#context;
    if (isClosed()) throw new ClosedError('the app');
    try {
      return new ReadConnection(await borrow(store.pool), store);
    } catch (error) {
      throw toLeftfoldError(error, store.schema);
    }
  }

  async #connectCaughtUp(): Promise<CaughtUpConnection> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const deadline = performance.now() + timeoutMs;
    let reached = 0;
    // Set when appends do not apply an inline projection for now: what a query that begins now must have.
    let required: number | undefined;
    let demoted = false;
    return new CaughtUpConnection(await this.#connect(), {
      selectCheckpoint: this.#selectCheckpoint,
      isReadable: async (checkpoint) => {
        await this.#assertSame(checkpoint);
        reached = checkpoint?.position ?? 0;
        demoted = this.#projection.mode === 'inline' && checkpoint?.caught_up === true && !checkpoint.inline;
        return (
          checkpoint?.caught_up === true && (!demoted || reached >= (required ?? Number.POSITIVE_INFINITY))
        );
      },
      connectWhenReadable: async () => {
        const remaining = deadline - performance.now();
        if (demoted) {
          const { store } = this.#context;
          // The mark can be below an append of this process, while an older one is in flight.
          required ??= Math.max(store.newestSeen, await store.highWaterMark());
          const patienceMs = this.#options.ifNotCaughtUp === 'fail' ? 0 : Math.max(0, remaining);
          return this.#connectAtLeast({ position: required }, patienceMs);
        }
        if (this.#options.ifNotCaughtUp === 'fail' || remaining <= 0) {
          throw new SubscriptionNotCaughtUpError(this.#identity, reached);
        }
        // The projection's checkpoint comes to the end of the log first, and then it is recorded that it was there.
        await pause(RETRY_MS, this.#options.signal);
        const mark = await this.#context.store.highWaterMark();
        // After a timeout the checkpoint is read once more, so that the error has its position.
        await this.#waitFor(mark, remaining).catch(unlessTimedOut);
        return this.#connect();
      },
    });
  }

  /** @throws SubscriptionMismatchError when this process defines the projection in another way */
  async #assertSame(checkpoint: CheckpointRow | undefined): Promise<void> {
    const { runner } = this.#context;
    if (!runner.isSame(this.#projection, checkpoint?.definition_hash))
      await runner.assertSame(this.#projection);
  }

  /** @returns the projection's position when it is below `atLeast`. @throws LogRewoundError, EventParkedError */
  async #connectAt(atLeast: EventPlace): Promise<ReadConnection | number> {
    const connection = await this.#connect();
    try {
      const checkpoint = await connection.begin(this.#beginAt(atLeast.position));
      await this.#assertSame(checkpoint);
      if (checkpoint !== undefined && hasReached(this.#identity, atLeast, checkpoint)) return connection;
      await connection.release();
      return checkpoint?.position ?? 0;
    } catch (error) {
      await connection.release();
      throw error;
    }
  }

  get #identity(): SubscriptionIdentity {
    const { name, version } = this.#projection;
    return { kind: 'projection', name, version };
  }

  #waitFor(position: number, timeoutMs: number): Promise<void> {
    const { signal } = this.#options;
    return this.#context.runner.waitForPosition(this.#projection, position, { timeoutMs, signal });
  }
}

function unlessTimedOut(error: unknown): void {
  if (!LeftfoldError.is(error) || error.code !== 'SUBSCRIPTION_TIMEOUT') throw error;
}

async function readsOnly(): Promise<void> {
  throw new TypeError('queries only read a projection; its own handlers write its tables');
}
