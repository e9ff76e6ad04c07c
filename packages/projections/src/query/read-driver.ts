import {
  type AnyProjection,
  InvalidArgumentError,
  type LogToken,
  SubscriptionNotCaughtUpError,
} from '@leftfold/core';
import { pause, type Statement, tell } from '@leftfold/postgres';
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { type CheckpointRow, selectCheckpoint } from '../sql/read-transaction.ts';
import { type ServingTables, servingTables } from '../sql/serving-tables.ts';
import { AtLeastConnection } from './at-least-connection.ts';
import { CaughtUpConnection } from './caught-up-connection.ts';
import type { ReadConnection } from './read-connection.ts';
import { connectTo, identityOf, openSnapshot, type QueryContext, type Wanted } from './snapshot.ts';

/** Pause before another look at a projection that has not caught up. */
const RETRY_MS = 10;

/** The options of a query, with their defaults. */
export interface QueryDefaults extends Wanted {
  readonly onToken: ((token: LogToken) => void) | undefined;
}

/** A kysely dialect that reads a projection once it is as recent as the options require. */
export function readDialect(
  context: QueryContext,
  projection: AnyProjection,
  options: QueryDefaults,
): Dialect {
  return dialectOf(new ReadDriver(context, projection, options));
}

/** A kysely dialect of PostgreSQL. */
export function dialectOf(driver: Driver): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driver,
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
  readonly #options: QueryDefaults;
  readonly #selectCheckpoint: Statement;
  readonly #serving: ServingTables;

  constructor(context: QueryContext, projection: AnyProjection, options: QueryDefaults) {
    this.#selectCheckpoint = selectCheckpoint(context.store.schema, projection);
    this.#serving = servingTables(context.store.schema, [projection]);
    this.#context = context;
    this.#projection = projection;
    this.#options = options;
  }

  async acquireConnection(): Promise<AtLeastConnection | CaughtUpConnection> {
    const { place, strong, ifParked, onToken } = this.#options;
    const asksNothing = place === undefined && !strong && ifParked === 'ignore' && onToken === undefined;
    if (asksNothing) return this.#connectCaughtUp();
    const connect = () => this.#openSnapshot();
    return new AtLeastConnection(await connect(), connect);
  }

  async #openSnapshot(): Promise<ReadConnection> {
    const { onToken } = this.#options;
    const { connection, token } = await openSnapshot(this.#context, [this.#projection], this.#options);
    try {
      tell(onToken, token);
    } catch (error) {
      await connection.release();
      throw error;
    }
    return connection;
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof AtLeastConnection || connection instanceof CaughtUpConnection)
      await connection.release();
  }

  async init(): Promise<void> {}

  /** The pool belongs to the store. */
  async destroy(): Promise<void> {}

  beginTransaction = readsOnly;
  commitTransaction = readsOnly;
  rollbackTransaction = readsOnly;

  async #connectCaughtUp(): Promise<CaughtUpConnection> {
    const { timeoutMs, signal, ifNotCaughtUp } = this.#options;
    const deadline = performance.now() + timeoutMs;
    let reached = 0;
    let demoted = false;
    let inSnapshot = false;
    const connect = () => connectTo(this.#context, this.#serving);
    return new CaughtUpConnection(await connect(), {
      selectCheckpoint: this.#selectCheckpoint,
      connect: () => {
        inSnapshot = false;
        return connect();
      },
      isReadable: async (checkpoint) => {
        await this.#assertSame(checkpoint);
        reached = checkpoint?.position ?? 0;
        demoted = this.#projection.mode === 'inline' && checkpoint?.caught_up === true && !checkpoint.inline;
        return checkpoint?.caught_up === true && (!demoted || inSnapshot);
      },
      connectWhenReadable: async () => {
        if (!demoted && (ifNotCaughtUp === 'fail' || performance.now() >= deadline))
          throw new SubscriptionNotCaughtUpError(identityOf(this.#projection), reached);
        await pause(RETRY_MS, signal);
        const wanted = { ...this.#options, deadline };
        const { connection } = await openSnapshot(this.#context, [this.#projection], wanted);
        inSnapshot = true;
        return connection;
      },
    });
  }

  /** @throws SubscriptionMismatchError when this process defines the projection in another way */
  async #assertSame(checkpoint: CheckpointRow | undefined): Promise<void> {
    const { runner } = this.#context;
    if (!runner.isSame(this.#projection, checkpoint?.definition_hash))
      await runner.assertSame(this.#projection);
  }
}

/** Of a driver that begins no transactions for others. */
export async function readsOnly(): Promise<void> {
  throw new InvalidArgumentError('query', 'only reads a projection; its own handlers write its tables');
}
