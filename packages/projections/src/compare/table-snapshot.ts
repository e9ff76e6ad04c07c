import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import {
  borrow,
  type BorrowedClient,
  IDLE_LIMIT_MS,
  runnerOn,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import { beginComparison, tableFiles } from '../sql/compare-rows.ts';
import { endRead } from '../sql/read-transaction.ts';
import type { ComparedSchemas } from './compare-tables.ts';

/** One snapshot of a projection's tables in two schemas, on a connection of its own. */
export class TableSnapshot implements AsyncDisposable {
  readonly run: StatementRunner;
  readonly #borrowed: BorrowedClient;
  #broken = false;

  private constructor(borrowed: BorrowedClient, { schema, answerMs }: PostgresEventStore) {
    const send = runnerOn(borrowed.client, { prepare: false, answerMs });
    this.#borrowed = borrowed;
    this.run = async (statement) => {
      try {
        return await send(statement);
      } catch (error) {
        this.#broken = true;
        throw toLeftfoldError(error, schema);
      }
    };
  }

  /**
   * The snapshot has been taken when this resolves. Until it is disposed of, the tables cannot be truncated or dropped.
   *
   * @throws StoreUnavailableError; what the database reports for a table that does not exist
   */
  static async take(
    store: PostgresEventStore,
    projection: AnyProjection,
    { found, expected }: ComparedSchemas,
  ): Promise<TableSnapshot> {
    const tables = [found, expected].flatMap((schema) =>
      projection.tables.map(({ name: table }) => ({ schema, table })),
    );
    const borrowed = await borrow(store.pool).catch((error: unknown) => {
      throw toLeftfoldError(error, store.schema);
    });
    const snapshot = new TableSnapshot(borrowed, store);
    try {
      await snapshot.run(beginComparison(tables, IDLE_LIMIT_MS));
      await snapshot.run(tableFiles(tables));
    } catch (error) {
      await snapshot[Symbol.asyncDispose]();
      throw error;
    }
    return snapshot;
  }

  /** Ends the transaction. A connection on which a statement failed is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#broken) await this.run(endRead).catch(() => {});
    this.#borrowed.release(this.#broken);
  }
}
