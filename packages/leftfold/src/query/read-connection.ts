import { type Loan, toSafeNumber, toStoreError, valueParsers } from '@leftfold/event-store';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { beginRead, type CheckpointRow, closeCursor, declareCursor, fetchRows } from '../sql/checkpoint.ts';
import { isWriteRefused } from '../sql/error.ts';

/** One connection while a query uses it. What is wrong with the connection is a typed error; the rest is as thrown. */
export class ReadConnection implements DatabaseConnection {
  readonly #loan: Loan;
  readonly #schema: string;
  #inTransaction = false;

  constructor(loan: Loan, schema: string) {
    this.#loan = loan;
    this.#schema = schema;
  }

  /** @param sql begins a transaction and selects a checkpoint. @returns undefined when there is none */
  async begin(sql: string): Promise<{ readonly position: number; readonly inline: boolean } | undefined> {
    this.#inTransaction = true;
    const [row] = await this.#query<CheckpointRow>(sql);
    return row === undefined ? undefined : { position: toSafeNumber(row.position), inline: row.inline };
  }

  async executeQuery<TRow>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<TRow>> {
    // Only there can a query that selects change something; Postgres allows it at no deeper level.
    if ('with' in query && query.with !== undefined) await this.#beginRead();
    return { rows: await this.#query<TRow>(sql, parameters) };
  }

  /** Rows in chunks, by a cursor of the server: no more than a chunk is in memory. */
  async *streamQuery<TRow>(
    { sql, parameters }: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<TRow>> {
    await this.#beginRead();
    await this.#query(declareCursor(sql), parameters);
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
    this.#loan.release(broken);
  }

  async #beginRead(): Promise<void> {
    if (this.#inTransaction) return;
    this.#inTransaction = true;
    await this.#query(beginRead);
  }

  #ends(): Promise<boolean> {
    return this.#loan.client.query('commit').then(
      () => true,
      () => false,
    );
  }

  async #query<TRow>(text: string, parameters: readonly unknown[] = []): Promise<TRow[]> {
    try {
      const result: unknown = await this.#loan.client.query({
        text,
        values: [...parameters],
        types: valueParsers,
      });
      // Several statements have several results; the last one has the rows.
      const { rows } = (Array.isArray(result) ? result.at(-1) : result) as { readonly rows: TRow[] };
      return rows;
    } catch (error) {
      throw isWriteRefused(error) ? error : toStoreError(error, this.#schema);
    }
  }
}
