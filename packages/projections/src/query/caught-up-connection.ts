import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { Statement } from '@leftfold/postgres';
import type { CheckpointRow } from '../sql/read-transaction.ts';
import type { ReadConnection } from './read-connection.ts';

export interface CaughtUpOptions {
  /** Reads the projection's checkpoint. */
  readonly selectCheckpoint: Statement;
  /** @returns false when the rows are incomplete. @throws SubscriptionMismatchError, SubscriptionNotFoundError */
  readonly isReadable: (checkpoint: CheckpointRow | undefined) => Promise<boolean>;
  /** Waits until the rows are complete, and connects again. @throws SubscriptionNotCaughtUpError */
  readonly connectWhenReadable: () => Promise<ReadConnection>;
}

/**
 * A connection that returns rows of a projection only if it has caught up.
 *
 * Each query is followed by one that reads the checkpoint, in the same round trip. The checkpoint is read last: rows
 * that a reset has emptied before the query are then never returned.
 */
export class CaughtUpConnection implements DatabaseConnection {
  readonly #options: CaughtUpOptions;
  #connection: ReadConnection;
  #released = false;

  constructor(connection: ReadConnection, options: CaughtUpOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async executeQuery<TRow>(query: CompiledQuery): Promise<QueryResult<TRow>> {
    for (;;) {
      const answer = this.#connection.executeQuery<TRow>(query);
      answer.catch(() => {}); // thrown below, unless the checkpoint tells more
      const checkpoint = await this.#connection.checkpoint(this.#options.selectCheckpoint);
      if (await this.#options.isReadable(checkpoint)) return await answer;
      await this.#reconnect(answer);
    }
  }

  async *streamQuery<TRow>(
    query: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<TRow>> {
    // In the snapshot of the rows, so that no reset comes in between.
    for (;;) {
      await this.#connection.beginRead();
      const checkpoint = await this.#connection.checkpoint(this.#options.selectCheckpoint);
      if (await this.#options.isReadable(checkpoint)) break;
      await this.#reconnect();
    }
    yield* this.#connection.streamQuery<TRow>(query, chunkSize);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#connection.release();
  }

  /** No connection is held during the wait. */
  async #reconnect(answer?: Promise<unknown>): Promise<void> {
    await answer?.catch(() => {});
    await this.release();
    this.#connection = await this.#options.connectWhenReadable();
    this.#released = false;
  }
}
