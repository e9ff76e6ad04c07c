import type { PostgresEventStore } from '@leftfold/event-store';
import {
  type BorrowedClient,
  isNoAnswer,
  isUnknownColumn,
  isWriteRefused,
  runnerOn,
  type Statement,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { closeCursor, declareCursor, fetchRows } from '../sql/cursor.ts';
import {
  beginRead,
  beginReadOnly,
  type CheckpointAndToken,
  type CheckpointRow,
  endRead,
} from '../sql/read-transaction.ts';

type ReadStore = Pick<PostgresEventStore, 'schema' | 'preparedStatements' | 'answerMs'>;

/**
 * One connection while a query uses it. Connection failures become typed errors; other errors stay as they are. Each
 * statement has the store's limit for an answer, the caller's too: a network that swallows packets would hold it for ever.
 */
export class ReadConnection implements DatabaseConnection {
  readonly #run: StatementRunner;
  readonly #runCallers: StatementRunner;
  readonly #runPrepared: StatementRunner;
  readonly #release: BorrowedClient['release'];
  readonly #schema: string;
  #inTransaction = false;
  #used = false;
  /** A statement got no answer: the next one would get none either. */
  #silent = false;

  constructor({ client, release }: BorrowedClient, { schema, preparedStatements, answerMs }: ReadStore) {
    this.#run = runnerOn(client, { prepare: false, answerMs });
    // Few of the caller's texts are repeated. A second statement in one could end the read-only transaction.
    this.#runCallers = runnerOn(client, { prepare: false, oneStatement: true, answerMs });
    this.#runPrepared = runnerOn(client, { prepare: preparedStatements, answerMs });
    this.#release = release;
    this.#schema = schema;
  }

  /** @param statement begins a transaction and selects a checkpoint. @returns undefined when there is no checkpoint */
  async begin(statement: Statement): Promise<CheckpointAndToken | undefined> {
    this.#inTransaction = true;
    const [row] = await this.#query<CheckpointAndToken>(statement);
    return row;
  }

  /** @returns undefined when there is no checkpoint */
  async checkpoint(statement: Statement): Promise<CheckpointRow | undefined> {
    // A prepared statement that no longer fits its table fails its transaction, and would fail on this connection again.
    const run = this.#inTransaction ? this.#run : this.#runPrepared;
    const [row] = await this.#query<CheckpointRow>(statement, run);
    return row;
  }

  /**
   * Always in a read-only transaction: a select can write too, in its with clause or by a function.
   *
   * SQL: outside a transaction three statements, sent together. Each that follows in the same turn is in that round trip.
   */
  async executeQuery<TRow>({ sql, parameters }: CompiledQuery): Promise<QueryResult<TRow>> {
    this.#take();
    const statement: Statement = { name: undefined, text: sql, values: parameters };
    if (this.#inTransaction) return { rows: await this.#query<TRow>(statement, this.#runCallers) };
    const [, rows] = await Promise.all([
      this.#query(beginReadOnly),
      this.#query<TRow>(statement, this.#runCallers),
      this.#query(endRead),
    ]);
    return { rows };
  }

  /** Reads rows in chunks, with a cursor of the server: at most one chunk is in memory. */
  async *streamQuery<TRow>(
    { sql, parameters }: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<TRow>> {
    this.#take();
    await this.beginRead();
    await this.#query(declareCursor(sql, parameters), this.#runCallers);
    for (;;) {
      const rows = await this.#query<TRow>(fetchRows(chunkSize));
      if (rows.length > 0) yield { rows };
      if (rows.length < chunkSize) break;
    }
    await this.#query(closeCursor);
  }

  /** Returns the connection to the pool. It is closed if it is silent, or its transaction does not end. */
  async release(): Promise<void> {
    const broken = this.#silent || (this.#inTransaction && !(await this.#ends()));
    this.#release(broken);
  }

  /** Begins a transaction that reads one snapshot, unless it is in one. */
  async beginRead(): Promise<void> {
    if (this.#inTransaction) return;
    this.#inTransaction = true;
    await this.#query(beginRead);
  }

  /** One query for each connection: the first one of several could end the read-only transaction. */
  #take(): void {
    if (this.#used) throw new TypeError('app.query runs one query on a connection; make each with app.query');
    this.#used = true;
  }

  #ends(): Promise<boolean> {
    return this.#run(endRead).then(
      () => true,
      () => false,
    );
  }

  async #query<TRow>(statement: Statement, run: StatementRunner = this.#run): Promise<TRow[]> {
    try {
      return [...(await run<TRow & object>(statement))];
    } catch (error) {
      if (isNoAnswer(error)) this.#silent = true;
      // Statements that the caller has written are his to mend.
      if (isWriteRefused(error) || isUnknownColumn(error)) throw error;
      throw toLeftfoldError(error, this.#schema);
    }
  }
}
