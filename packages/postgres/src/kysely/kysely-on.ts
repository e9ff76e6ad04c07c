import { Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import type pg from 'pg';
import { borrow } from '../pool/borrow.ts';
import { type CallerTransaction, isKysely } from '../statement/caller-transaction.ts';
import type { StatementNames } from '../statement/statement-names.ts';
import { ParsingClient } from './parsing-client.ts';

/**
 * A kysely on a pool of ours or the caller's. It never ends the pool.
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

/**
 * The caller's transaction as kysely's, without the caller's plugins, which would rename tables and columns. One made
 * from a pg client cannot begin another one.
 */
export function asKysely(transaction: CallerTransaction): Transaction<unknown> {
  // Only a kysely transaction has these methods; which tables the caller's types name does not matter here.
  if (isKysely(transaction)) return transaction.withoutPlugins() as Transaction<unknown>;
  const client = new ParsingClient(transaction, () => {}, undefined);
  return onPool({ connect: async () => client, end: async () => {}, options: {} }) as Transaction<unknown>;
}

function onPool<TDatabase>(pool: PostgresPool): Kysely<TDatabase> {
  return new Kysely<TDatabase>({ dialect: new PostgresDialect({ pool }) });
}
