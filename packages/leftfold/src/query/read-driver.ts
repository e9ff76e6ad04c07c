import { setTimeout as delay } from 'node:timers/promises';
import {
  type AnyProjection,
  LeftfoldError,
  ProjectionTimeoutError,
  StoreUnavailableError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { borrow, type Statement, toLeftfoldError } from '@leftfold/postgres';
import { type ProjectionRunner, projectionSchema } from '@leftfold/projections';
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { beginAtCheckpoint } from '../sql/checkpoint.ts';
import type { QueryOptions } from './query-options.ts';
import { ReadConnection } from './read-connection.ts';

const DEFAULT_TIMEOUT_MS = 5_000;
/** The runner has seen the checkpoint where it should be, and this query has not: the projection is being reset. */
const ASK_AGAIN_MS = 10;

/** What the queries of one app share. */
export interface ReadContext {
  readonly store: PostgresEventStore;
  readonly runner: ProjectionRunner;
  readonly isClosed: () => boolean;
}

/** Makes kysely read a projection from the app's database, not before it is as recent as asked. */
export function readDialect(context: ReadContext, projection: AnyProjection, options: QueryOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new ReadDriver(context, projection, options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

/**
 * Hands out connections to queries, as kysely asks for them: once for each `execute()`, `stream()` and the like.
 *
 * With `atLeast` the connection is inside a transaction that has seen the checkpoint far enough. The query sees the
 * same moment: a projection that is reset just then is never seen empty.
 */
class ReadDriver implements Driver {
  readonly #context: ReadContext;
  readonly #projection: AnyProjection;
  readonly #options: QueryOptions;
  readonly #beginAtCheckpoint: Statement;

  constructor(context: ReadContext, projection: AnyProjection, options: QueryOptions) {
    const { schema } = context.store;
    this.#beginAtCheckpoint = beginAtCheckpoint(schema, projectionSchema(schema, projection), projection);
    this.#context = context;
    this.#projection = projection;
    this.#options = options;
  }

  async acquireConnection(): Promise<ReadConnection> {
    const { atLeast, timeoutMs = DEFAULT_TIMEOUT_MS, signal } = this.#options;
    if (atLeast === undefined) return this.#connect();

    const deadline = Date.now() + timeoutMs;
    let waited = false;
    for (;;) {
      const found = await this.#connectAt(atLeast);
      if (typeof found !== 'number') return found;
      const remaining = deadline - Date.now();
      if (remaining <= 0) throw new ProjectionTimeoutError(this.#projection.name, atLeast, found, timeoutMs);
      if (waited) await delay(ASK_AGAIN_MS, undefined, { signal });
      waited = await this.#waitFor(atLeast, remaining);
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof ReadConnection) await connection.release();
  }

  async init(): Promise<void> {}

  /** The pool is the store's. */
  async destroy(): Promise<void> {}

  beginTransaction = readsOnly;
  commitTransaction = readsOnly;
  rollbackTransaction = readsOnly;

  async #connect(): Promise<ReadConnection> {
    const { store, isClosed } = this.#context;
    if (isClosed()) throw new StoreUnavailableError('the app is closed; no query is answered any more');
    try {
      return new ReadConnection(await borrow(store.pool), store.schema);
    } catch (error) {
      throw toLeftfoldError(error, store.schema);
    }
  }

  /** @returns how far the projection is, when that is not far enough */
  async #connectAt(atLeast: number): Promise<ReadConnection | number> {
    const connection = await this.#connect();
    try {
      const checkpoint = await connection.begin(this.#beginAtCheckpoint);
      if (checkpoint?.inline === true || (checkpoint?.position ?? 0) >= atLeast) return connection;
      await connection.release();
      return checkpoint?.position ?? 0;
    } catch (error) {
      await connection.release();
      throw error;
    }
  }

  /** @returns false when the time was over: then it is looked at once more, so that the error says how far it is */
  async #waitFor(atLeast: number, timeoutMs: number): Promise<boolean> {
    const { signal } = this.#options;
    try {
      await this.#context.runner.waitFor(this.#projection, atLeast, { timeoutMs, signal });
      return true;
    } catch (error) {
      if (LeftfoldError.is(error) && error.code === 'PROJECTION_TIMEOUT') return false;
      throw error;
    }
  }
}

async function readsOnly(): Promise<void> {
  throw new TypeError('a projection is read here, and written by its own handlers only');
}
