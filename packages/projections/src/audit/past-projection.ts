import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { type DatabaseConnection, type Driver, Kysely } from 'kysely';
import { jsonbPlugin } from '../jsonb/jsonb-plugin.ts';
import type { QueryOf } from '../query/query-of.ts';
import { ReadConnection } from '../query/read-connection.ts';
import { dialectOf, readsOnly } from '../query/read-driver.ts';
import { connectTo } from '../query/snapshot.ts';
import type { Replay } from '../replay/replay.ts';
import { readTables, type ServingTables } from '../sql/serving-tables.ts';

/** A projection as it was at a position of the log: a copy of its tables that nothing changes any more. */
export class PastProjection<TProjection extends AnyProjection = AnyProjection> implements AsyncDisposable {
  readonly projection: TProjection;
  /** Every event up to it is applied, and no later one. */
  readonly position: number;
  readonly #store: PostgresEventStore;
  readonly #replay: Replay;
  readonly #onDispose: () => void;
  #closed = false;

  /** @internal */
  constructor(
    store: PostgresEventStore,
    { projection, replay, position }: { projection: TProjection; replay: Replay; position: number },
    onDispose: () => void,
  ) {
    this.#onDispose = onDispose;
    this.projection = projection;
    this.position = position;
    this.#store = store;
    this.#replay = replay;
  }

  /** A query like `app.query(projection)`, on the rows as they were. @throws ClosedError when it was disposed of */
  query(): QueryOf<TProjection> {
    const { projection } = this;
    const { schema } = this.#replay;
    const read = readTables(projection.tables.map(({ name }) => ({ schema, name })));
    const isClosed = () => this.#closed || this.#store.closed;
    const dialect = dialectOf(new PastDriver({ store: this.#store, isClosed }, read));
    const plugins = [jsonbPlugin([{ schema, projection }])];
    const tables = new Kysely<Readonly<Record<string, unknown>>>({ dialect, plugins }).withSchema(schema);
    // Sound: the tables are those of the projection.
    return (
      projection.kind === 'table' ? tables.selectFrom(projection.name).selectAll() : tables
    ) as QueryOf<TProjection>;
  }

  /** Drops the copy. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#onDispose();
    await this.#replay[Symbol.asyncDispose]();
  }
}

/** Connections for reading tables that do not change. */
class PastDriver implements Driver {
  readonly #context: { readonly store: PostgresEventStore; readonly isClosed: () => boolean };
  readonly #read: ServingTables;

  constructor(
    context: { readonly store: PostgresEventStore; readonly isClosed: () => boolean },
    read: ServingTables,
  ) {
    this.#context = context;
    this.#read = read;
  }

  acquireConnection(): Promise<ReadConnection> {
    return connectTo(this.#context, this.#read);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    if (connection instanceof ReadConnection) await connection.release();
  }

  async init(): Promise<void> {}

  /** The pool belongs to the store. */
  async destroy(): Promise<void> {}

  beginTransaction = readsOnly;
  commitTransaction = readsOnly;
  rollbackTransaction = readsOnly;
}
