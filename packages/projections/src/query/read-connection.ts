import { InvalidArgumentError, StoreUnavailableError } from '@leftfold/core';
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
  within,
} from '@leftfold/postgres';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { closeCursor, declareCursor, fetchRows } from '../sql/cursor.ts';
import { type CheckpointRow, endRead, type SnapshotRow } from '../sql/read-transaction.ts';
import type { ServingTables } from '../sql/serving-tables.ts';

type ReadStore = Pick<PostgresEventStore, 'schema' | 'preparedStatements' | 'answerMs'>;

/** Other tables began to serve while a query was made: it may have read both, or the new ones as they once were. */
export class TablesSwitched extends Error {}

type ServingRow = Pick<SnapshotRow, 'tables'>;

/**
 * One connection while a query uses it. Connection failures become typed errors; other errors stay as they are. Each
 * statement has the store's limit for an answer, the caller's too: a network that swallows packets would hold it for ever.
 */
export class ReadConnection implements DatabaseConnection {
  readonly #run: StatementRunner;
  readonly #runCallers: StatementRunner;
  readonly #runPrepared: StatementRunner;
  readonly #client: BorrowedClient['client'];
  readonly #release: BorrowedClient['release'];
  readonly #schema: string;
  readonly #serving: ServingTables;
  #inTransaction = false;
  #takes: 'one query' | 'selects' | 'nothing' = 'one query';
  #cursors = 0;
  /** The tables that served when the transaction began. */
  #before: string | undefined;
  /** A statement got no answer: the next one would get none either. */
  #silent = false;

  constructor(
    { client, release }: BorrowedClient,
    { schema, preparedStatements, answerMs }: ReadStore,
    serving: ServingTables,
  ) {
    this.#run = runnerOn(client, { prepare: false, answerMs });
    // Few of the caller's texts are repeated. A second statement in one could end the read-only transaction.
    this.#runCallers = runnerOn(client, { prepare: false, oneStatement: true, answerMs });
    this.#runPrepared = runnerOn(client, { prepare: preparedStatements, answerMs });
    this.#client = client;
    this.#release = release;
    this.#schema = schema;
    this.#serving = serving;
  }

  /** @param statement begins a transaction and selects checkpoints, see `beginSnapshot` */
  async begin(statement: Statement): Promise<readonly SnapshotRow[]> {
    this.#inTransaction = true;
    const rows = await this.#query<SnapshotRow>(statement);
    this.#before = rows[0]?.tables;
    return rows;
  }

  /** Whether what was read in the transaction's snapshot was read from the tables that had the names then. */
  async isInSnapshot(): Promise<boolean> {
    const [row] = await this.#query<{ same: boolean }>(this.#serving.isInSnapshot);
    return row?.same === true;
  }

  /**
   * Ends the transaction in which a query has failed. True when other tables began to serve meanwhile: names that are looked
   * up before and after a switch do not fit together.
   */
  async failedBySwitch(): Promise<boolean> {
    if (this.#silent) return false;
    const [after] = await this.#query<ServingRow>(this.#serving.end).catch(() => []);
    return after !== undefined && this.#before !== undefined && after.tables !== this.#before;
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
   * @throws TablesSwitched when its rows may be of two copies of the tables: make it again on another connection
   *
   * SQL: outside a transaction three statements, sent together. Each that follows in the same turn is in that round trip.
   */
  async executeQuery<TRow>(query: CompiledQuery): Promise<QueryResult<TRow>> {
    this.#take(query);
    const { sql, parameters } = query;
    const statement: Statement = { name: undefined, text: sql, values: parameters };
    if (this.#inTransaction) return { rows: await this.#inSnapshot<TRow>(statement) };
    const begun = this.#query<ServingRow>(this.#serving.beginReadOnly);
    const found = this.#query<TRow>(statement, this.#runCallers);
    found.catch(() => {}); // thrown below, unless a switch is the cause
    const ended = this.#query<ServingRow>(this.#serving.end);
    const [[before], [after]] = await Promise.all([begun, ended]);
    if (before?.tables !== after?.tables) throw new TablesSwitched();
    return { rows: await found };
  }

  /** Reads rows in chunks, with a cursor of the server: at most one chunk is in memory. @throws TablesSwitched before any row */
  async *streamQuery<TRow>(
    query: CompiledQuery,
    chunkSize: number,
  ): AsyncIterableIterator<QueryResult<TRow>> {
    this.#take(query);
    const { sql, parameters } = query;
    await this.beginRead();
    this.#cursors += 1;
    const cursor = this.#cursors;
    // It keeps the tables that it was declared on.
    await this.#inSnapshot(declareCursor(cursor, sql, parameters));
    for (;;) {
      const rows = await this.#query<TRow>(fetchRows(cursor, chunkSize));
      if (rows.length > 0) yield { rows };
      if (rows.length < chunkSize) break;
    }
    await this.#query(closeCursor(cursor));
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
    const [row] = await this.#query<ServingRow>(this.#serving.beginRead);
    this.#before = row?.tables;
  }

  /**
   * Waits for work that reads on this connection, until the connection ends or the signal aborts.
   *
   * @throws what the work throws; StoreUnavailableError when the connection ended; the signal's reason
   */
  async whileOpen<TResult>(work: () => Promise<TResult>, signal: AbortSignal | undefined): Promise<TResult> {
    let onEnd = () => {};
    const ended = new Promise<never>((_, reject) => {
      onEnd = () => reject(connectionEnded());
      this.#client.once('end', onEnd);
    });
    const working = (async () => work())();
    try {
      return await within(Promise.race([working, ended]), { signal, late: () => ended });
    } finally {
      this.#client.off('end', onEnd);
      working.catch(() => {}); // what it throws afterwards concerns no caller
    }
  }

  /** Lets any number of select queries run, each in the snapshot. */
  takeSelects(): void {
    this.#takes = 'selects';
  }

  /**
   * One query for each connection: the first one of several could end the read-only transaction. A select cannot, as each
   * text has one statement.
   */
  #take({ query: { kind } }: CompiledQuery): void {
    if (this.#takes === 'selects' && kind === 'SelectQueryNode') return;
    if (this.#takes === 'selects')
      throw new InvalidArgumentError(
        'query',
        'of app.read must be a select query; begin it with selectFrom or with',
      );
    if (this.#takes === 'nothing')
      throw new InvalidArgumentError(
        'query',
        'must be the only one on its connection; make each with app.query',
      );
    this.#takes = 'nothing';
  }

  /** Of several queries, the end of the read tells whether they read the tables of the snapshot. */
  async #inSnapshot<TRow>(statement: Statement): Promise<TRow[]> {
    const found = this.#query<TRow>(statement, this.#runCallers);
    if (this.#takes === 'selects') return found;
    try {
      const [rows, same] = await Promise.all([found, this.isInSnapshot()]);
      if (same) return rows;
    } catch (error) {
      if (!(await this.failedBySwitch())) throw error;
    }
    throw new TablesSwitched();
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

function connectionEnded(): StoreUnavailableError {
  return new StoreUnavailableError(
    'the connection of app.read has ended, as it does when its callback makes no query for longer than idle_in_transaction_session_timeout; await only queries in the callback, and read again',
  );
}
