import {
  type CompiledQuery,
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type Transaction,
} from 'kysely';
import type pg from 'pg';
import { borrow } from './pool.ts';
import type { StatementNames } from './statement-names.ts';
import { type CallerTransaction, isKysely } from './statement-runner.ts';
import { valueParsers } from './value-parsers.ts';

/**
 * A kysely on the store's pool. It never ends the pool.
 *
 * @param names for statements that are prepared; undefined behind a pooler that cannot keep them.
 */
export function kyselyOn<TDatabase>(pool: pg.Pool, names: StatementNames | undefined): Kysely<TDatabase> {
  return onPool({
    connect: async () => {
      const { client, release } = await borrow(pool);
      return new ParsingClient(client, release, names);
    },
    end: async () => {},
    options: pool.options,
  });
}

/** A transaction of the store's own, on one connection. */
export interface StoreTransaction {
  readonly tx: Transaction<unknown>;
  /**
   * Sends a statement behind all that was sent before, its own or `tx`'s, without waiting for their answers where the
   * connection can take several. Resolves when the database has answered.
   */
  readonly send: (query: CompiledQuery<unknown>) => Promise<unknown>;
}

/**
 * Runs work in a read committed transaction: it commits when the work resolves, and rolls back when it throws.
 *
 * @param names as in {@link kyselyOn}
 */
export async function inTransaction<TResult>(
  pool: pg.Pool,
  names: StatementNames | undefined,
  work: (transaction: StoreTransaction) => Promise<TResult>,
): Promise<TResult> {
  const { client: borrowed, release } = await borrow(pool);
  const client = new ParsingClient(borrowed, release, names);
  return onPool({ connect: async () => client, end: async () => {}, options: pool.options })
    .transaction()
    .setIsolationLevel('read committed')
    .execute((tx) => work({ tx, send: ({ sql, parameters }) => client.query(sql, parameters) }));
}

/**
 * The caller's transaction as kysely's, without the caller's plugins, which would rename tables and columns. One made
 * from a pg client cannot begin another one.
 */
export function asKysely(transaction: CallerTransaction): Transaction<unknown> {
  // Whoever has the two methods is a kysely transaction; its database type is the caller's affair.
  if (isKysely(transaction)) return transaction.withoutPlugins() as Transaction<unknown>;
  const client = new ParsingClient(transaction, () => {}, undefined);
  return onPool({ connect: async () => client, end: async () => {}, options: {} }) as Transaction<unknown>;
}

function onPool<TDatabase>(pool: PostgresPool): Kysely<TDatabase> {
  return new Kysely<TDatabase>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * A pg client whose values are parsed as the store's are, whatever its own pool does, and that answers in the order it
 * was asked.
 */
class ParsingClient implements PostgresPoolClient {
  readonly release: (destroy?: boolean) => void;
  readonly #client: pg.ClientBase;
  readonly #names: StatementNames | undefined;
  /** Whether the connection takes a statement while it works on another. */
  readonly #pipelined: boolean;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    client: pg.ClientBase,
    release: (destroy?: boolean) => void,
    names: StatementNames | undefined,
  ) {
    this.#client = client;
    this.release = release;
    this.#names = names;
    this.#pipelined = 'pipeline' in client && client.pipeline === true;
  }

  query<TRow>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<TRow>>;
  query<TRow>(cursor: PostgresCursor<TRow>): PostgresCursor<TRow>;
  query<TRow>(
    text: string | PostgresCursor<TRow>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<TRow>> | PostgresCursor<TRow> {
    if (typeof text !== 'string')
      throw new TypeError('this kysely has no cursors: read with a limit instead of stream()');
    const name = this.#names?.nameOf(text);
    const query = { text, values: [...parameters], types: valueParsers };
    const ask = () => this.#client.query(name === undefined ? query : { ...query, name });
    const result = this.#pipelined ? ask() : this.#last.then(ask, ask);
    this.#last = result;
    // pg types a result by its rows only; kysely names the commands it may come from.
    return result as Promise<object> as Promise<PostgresQueryResult<TRow>>;
  }
}
