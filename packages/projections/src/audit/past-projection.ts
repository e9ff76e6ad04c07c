import { type AnyProjection, ClosedError } from '@leftfold/core';
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
  /** Every event up to it is applied, and no later one; see {@link parkedKeys}. */
  readonly position: number;
  /**
   * Keys of which this process could not apply an event, where `onFailure` is `park`: their rows lack it, and later ones.
   */
  readonly parkedKeys: number;
  readonly #store: PostgresEventStore;
  readonly #replay: Replay;
  readonly #onDispose: () => void;
  #closed = false;

  /** @internal */
  constructor(
    store: PostgresEventStore,
    {
      projection,
      replay,
      position,
      parkedKeys,
    }: { projection: TProjection; replay: Replay; position: number; parkedKeys: number },
    onDispose: () => void,
  ) {
    this.#onDispose = onDispose;
    this.projection = projection;
    this.position = position;
    this.parkedKeys = parkedKeys;
    this.#store = store;
    this.#replay = replay;
  }

  /**
   * A query like `app.query(projection)`, on the rows as they were. Await it before the copy is disposed of.
   *
   * @throws ClosedError when it was
   */
  query(): QueryOf<TProjection> {
    const { projection, position } = this;
    const { schema } = this.#replay;
    const read = readTables(projection.tables.map(({ name }) => ({ schema, name })));
    const assertOpen = () => {
      if (this.#closed)
        throw new ClosedError(`the copy of projection "${projection.name}" at position ${position}`);
    };
    const dialect = dialectOf(new PastDriver(this.#store, read, assertOpen));
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
  readonly #store: PostgresEventStore;
  readonly #read: ServingTables;
  readonly #assertOpen: () => void;

  constructor(store: PostgresEventStore, read: ServingTables, assertOpen: () => void) {
    this.#store = store;
    this.#read = read;
    this.#assertOpen = assertOpen;
  }

  async acquireConnection(): Promise<ReadConnection> {
    this.#assertOpen();
    return connectTo({ store: this.#store, isClosed: () => this.#store.closed }, this.#read);
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
