import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { type ReadConnection, TablesSwitched } from './read-connection.ts';

/**
 * A connection that reads in a snapshot that has what the query asks for, such as the event of a token. When other tables begin to serve between that
 * snapshot and the query, the query is made again in a newer one.
 */
export class AtLeastConnection implements DatabaseConnection {
  readonly #connect: () => Promise<ReadConnection>;
  #connection: ReadConnection;
  #released = false;

  /** @param connect to a snapshot that has it */
  constructor(connection: ReadConnection, connect: () => Promise<ReadConnection>) {
    this.#connection = connection;
    this.#connect = connect;
  }

  async executeQuery<TRow>(query: CompiledQuery): Promise<QueryResult<TRow>> {
    for (;;) {
      try {
        return await this.#connection.executeQuery<TRow>(query);
      } catch (error) {
        await this.#reconnectAfter(error);
      }
    }
  }

  async *streamQuery<TRow>(
    query: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<TRow>> {
    for (;;) {
      try {
        yield* this.#connection.streamQuery<TRow>(query, chunkSize);
        return;
      } catch (error) {
        await this.#reconnectAfter(error);
      }
    }
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#connection.release();
  }

  /** @throws the error, unless it is a switch */
  async #reconnectAfter(error: unknown): Promise<void> {
    if (!(error instanceof TablesSwitched)) throw error;
    await this.release();
    this.#connection = await this.#connect();
    this.#released = false;
  }
}
