import {
  type AnyProjection,
  ClosedError,
  LeftfoldError,
  SubscriptionNotCaughtUpError,
  SubscriptionTimeoutError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { borrow, pause, type Statement, toLeftfoldError } from '@leftfold/postgres';
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
/** Pause after a wait that ended although this query finds the checkpoint too low: the projection is being reset. */
const RETRY_MS = 10;

/** What the queries of one app share. */
export interface QueryContext {
  readonly store: PostgresEventStore;
  readonly runner: ProjectionRunner;
  /** True when no query may run any more. */
  readonly isClosed: () => boolean;
}

/** A kysely dialect that reads a projection once it is as recent as the options require. */
export function readDialect(
  context: QueryContext,
  projection: AnyProjection,
  options: QueryOptions,
): Dialect {
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
 * With `atLeast` the connection is inside a transaction whose snapshot has the checkpoint at or after that position. The
 * query reads in that snapshot, so that a projection that is being reset is never read empty.
 */
class ReadDriver implements Driver {
  readonly #context: QueryContext;
  readonly #projection: AnyProjection;
  readonly #options: QueryOptions;
  readonly #beginAtCheckpoint: Statement;
  readonly #selectCheckpoint: Statement;

  constructor(context: QueryContext, projection: AnyProjection, options: QueryOptions) {
    const { schema } = context.store;
    this.#beginAtCheckpoint = beginAtCheckpoint(schema, projectionSchema(schema, projection), projection);
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

  /** @returns a connection in a snapshot that has the checkpoint there. @throws SubscriptionTimeoutError */
  async #connectAtLeast(atLeast: number, timeoutMs: number): Promise<ReadConnection> {
    const { signal } = this.#options;
    const deadline = Date.now() + timeoutMs;
    let waited = false;
    for (;;) {
      const found = await this.#connectAt(atLeast);
      if (typeof found !== 'number') return found;
      const remaining = deadline - Date.now();
      if (remaining <= 0) throw this.#timeoutError(atLeast, found, timeoutMs);
      if (waited) await pause(RETRY_MS, signal);
      waited = await this.#waitFor(atLeast, remaining);
    }
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
    const deadline = Date.now() + timeoutMs;
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
        const remaining = deadline - Date.now();
        if (demoted) {
          const { store } = this.#context;
          // The mark can be below an append of this process, while an older one is in flight.
          required ??= Math.max(store.newestSeen, await store.highWaterMark());
          const patienceMs = this.#options.ifNotCaughtUp === 'fail' ? 0 : Math.max(0, remaining);
          return this.#connectAtLeast(required, patienceMs);
        }
        if (this.#options.ifNotCaughtUp === 'fail' || remaining <= 0) {
          const { name, version } = this.#projection;
          throw new SubscriptionNotCaughtUpError({ kind: 'projection', name, version }, reached);
        }
        // The projection's checkpoint comes to the end of the log first, and then it is recorded that it was there.
        await pause(RETRY_MS, this.#options.signal);
        await this.#waitFor(await this.#context.store.highWaterMark(), remaining);
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

  /** @returns the projection's position when it is below `atLeast` */
  async #connectAt(atLeast: number): Promise<ReadConnection | number> {
    const connection = await this.#connect();
    try {
      const checkpoint = await connection.begin(this.#beginAtCheckpoint);
      await this.#assertSame(checkpoint);
      if (checkpoint?.inline === true || (checkpoint?.position ?? 0) >= atLeast) return connection;
      await connection.release();
      return checkpoint?.position ?? 0;
    } catch (error) {
      await connection.release();
      throw error;
    }
  }

  #timeoutError(wanted: number, reached: number, timeoutMs: number): SubscriptionTimeoutError {
    const { name, version } = this.#projection;
    return new SubscriptionTimeoutError({ kind: 'projection', name, version }, wanted, reached, timeoutMs);
  }

  /** @returns false after a timeout: the checkpoint is then read once more, so that the error has its position */
  async #waitFor(atLeast: number, timeoutMs: number): Promise<boolean> {
    const { signal } = this.#options;
    try {
      await this.#context.runner.waitFor(this.#projection, atLeast, { timeoutMs, signal });
      return true;
    } catch (error) {
      if (LeftfoldError.is(error) && error.code === 'SUBSCRIPTION_TIMEOUT') return false;
      throw error;
    }
  }
}

async function readsOnly(): Promise<void> {
  throw new TypeError('queries only read a projection; its own handlers write its tables');
}
