import {
  type BorrowedClient,
  isWriteRefused,
  runnerOn,
  type Statement,
  type StatementRunner,
  toLeftfoldError,
  toSafeNumber,
} from '@leftfold/postgres';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { beginRead, type CheckpointRow, endRead } from '../sql/checkpoint.ts';
import { closeCursor, declareCursor, fetchRows } from '../sql/cursor.ts';

/** One connection while a query uses it. What is wrong with the connection is a typed error; the rest is as thrown. */
export class ReadConnection implements DatabaseConnection {
  readonly #run: StatementRunner;
  readonly #release: BorrowedClient['release'];
  readonly #schema: string;
  #inTransaction = false;

  constructor({ client, release }: BorrowedClient, schema: string) {
    // The texts are the caller's, so that few of them come again.
    this.#run = runnerOn(client, { prepare: false });
    this.#release = release;
    this.#schema = schema;
  }

  /** @param statement begins a transaction and selects a checkpoint. @returns undefined when there is none */
  async begin(
    statement: Statement,
  ): Promise<{ readonly position: number; readonly inline: boolean } | undefined> {
    this.#inTransaction = true;
    const [row] = await this.#query<CheckpointRow>(statement);
    return row === undefined ? undefined : { position: toSafeNumber(row.position), inline: row.inline };
  }

  async executeQuery<TRow>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<TRow>> {
    // Only there can a query that selects change something; Postgres allows it at no deeper level.
    if ('with' in query && query.with !== undefined) await this.#beginRead();
    return { rows: await this.#query<TRow>({ name: undefined, text: sql, values: parameters }) };
  }

  /** Rows in chunks, by a cursor of the server: no more than a chunk is in memory. */
  async *streamQuery<TRow>(
    { sql, parameters }: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<TRow>> {
    await this.#beginRead();
    await this.#query(declareCursor(sql, parameters));
    for (;;) {
      const rows = await this.#query<TRow>(fetchRows(chunkSize));
      if (rows.length > 0) yield { rows };
      if (rows.length < chunkSize) break;
    }
    await this.#query(closeCursor);
  }

  /** Gives the connection back. One whose transaction does not end is not used again. */
  async release(): Promise<void> {
    const broken = this.#inTransaction && !(await this.#ends());
    this.#release(broken);
  }

  async #beginRead(): Promise<void> {
    if (this.#inTransaction) return;
    this.#inTransaction = true;
    await this.#query(beginRead);
  }

  #ends(): Promise<boolean> {
    return this.#run(endRead).then(
      () => true,
      () => false,
    );
  }

  async #query<TRow>(statement: Statement): Promise<TRow[]> {
    try {
      return [...(await this.#run<TRow & object>(statement))];
    } catch (error) {
      throw isWriteRefused(error) ? error : toLeftfoldError(error, this.#schema);
    }
  }
}
