import {
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
import { StatementNames } from './statement-names.ts';
import { type CallerTransaction, isKysely } from './statement-runner.ts';
import { valueParsers } from './value-parsers.ts';

/**
 * A kysely on the store's pool. It never ends the pool.
 *
 * @param prepare false behind a pooler that cannot keep prepared statements.
 */
export function kyselyOn<TDatabase>(pool: pg.Pool, prepare: boolean): Kysely<TDatabase> {
  const names = prepare ? new StatementNames() : undefined;
  return onPool({
    connect: async () => {
      const { client, release } = await borrow(pool);
      return new ParsingClient(client, release, names);
    },
    end: async () => {},
    options: pool.options,
  });
}

/** The caller's transaction as kysely's. One made from a pg client cannot begin another one. */
export function asKysely(transaction: CallerTransaction): Transaction<unknown> {
  // Whoever has the two methods is a kysely transaction; its database type is the caller's affair.
  if (isKysely(transaction)) return transaction as Transaction<unknown>;
  const client = new ParsingClient(transaction, () => {}, undefined);
  return onPool({ connect: async () => client, end: async () => {}, options: {} }) as Transaction<unknown>;
}

function onPool<TDatabase>(pool: PostgresPool): Kysely<TDatabase> {
  return new Kysely<TDatabase>({ dialect: new PostgresDialect({ pool }) });
}

/** A pg client whose values are parsed as the store's are, whatever its own pool does. */
class ParsingClient implements PostgresPoolClient {
  readonly release: (destroy?: boolean) => void;
  readonly #client: pg.ClientBase;
  readonly #names: StatementNames | undefined;

  constructor(
    client: pg.ClientBase,
    release: (destroy?: boolean) => void,
    names: StatementNames | undefined,
  ) {
    this.#client = client;
    this.release = release;
    this.#names = names;
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
    const result = this.#client.query(name === undefined ? query : { ...query, name });
    // pg types a result by its rows only; kysely names the commands it may come from.
    return result as Promise<object> as Promise<PostgresQueryResult<TRow>>;
  }
}
