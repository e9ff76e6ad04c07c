import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { Statement } from '@leftfold/postgres';
import type { CheckpointRow } from '../sql/read-transaction.ts';
import { type ReadConnection, TablesSwitched } from './read-connection.ts';

export interface CaughtUpOptions {
  /** Reads the projection's checkpoint. */
  readonly selectCheckpoint: Statement;
  /** @returns false when the rows are incomplete. @throws SubscriptionMismatchError, SubscriptionNotFoundError */
  readonly isReadable: (checkpoint: CheckpointRow | undefined) => Promise<boolean>;
  /** Connects again, without a wait. */
  readonly connect: () => Promise<ReadConnection>;
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
      const isReadable = await this.#options.isReadable(checkpoint);
      const found = isReadable ? await unlessSwitched(answer) : undefined;
      if (found !== undefined) return found;
      const { connect, connectWhenReadable } = this.#options;
      await this.#reconnect(isReadable ? connect : connectWhenReadable, answer);
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
      const { isReadable, connect, connectWhenReadable } = this.#options;
      if (!(await isReadable(checkpoint))) {
        await this.#reconnect(connectWhenReadable);
        continue;
      }
      try {
        yield* this.#connection.streamQuery<TRow>(query, chunkSize);
        return;
      } catch (error) {
        if (!(error instanceof TablesSwitched)) throw error;
        await this.#reconnect(connect);
      }
    }
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#connection.release();
  }

  /** No connection is held during the wait. */
  async #reconnect(connect: () => Promise<ReadConnection>, answer?: Promise<unknown>): Promise<void> {
    await answer?.catch(() => {});
    await this.release();
    this.#connection = await connect();
    this.#released = false;
  }
}

/** @returns undefined when other tables began to serve meanwhile */
async function unlessSwitched<TAnswer>(answer: Promise<TAnswer>): Promise<TAnswer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TablesSwitched) return undefined;
    throw error;
  }
}
