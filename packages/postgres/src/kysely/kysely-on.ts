import { Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import type pg from 'pg';
import { onAbort } from '../pause/on-abort.ts';
import { type BorrowedClient, borrow } from '../pool/borrow.ts';
import { type CallerTransaction, isKysely } from '../statement/caller-transaction.ts';
import type { StatementNames } from '../statement/statement-names.ts';
import { ParsingClient } from './parsing-client.ts';

/**
 * A kysely on a pool of ours or the caller's. It never ends the pool.
 *
 * @param names for statements that are prepared; undefined behind a pooler that cannot keep them.
 * @param signal when it aborts, the statements that are running fail with its reason, and their connections are closed
 */
export function kyselyOn<TDatabase>(
  pool: pg.Pool,
  names: StatementNames | undefined,
  signal?: AbortSignal,
): Kysely<TDatabase> {
  return onPool({
    connect: async () => {
      signal?.throwIfAborted();
      const borrowed = await borrow(pool);
      if (signal === undefined) return new ParsingClient(borrowed.client, borrowed.release, names);
      return endedBy(signal, borrowed, names);
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

function endedBy(
  signal: AbortSignal,
  { client, release, breakOff }: BorrowedClient,
  names: StatementNames | undefined,
): ParsingClient {
  let remove: (() => void) | undefined;
  const parsing = new ParsingClient(
    client,
    (destroy) => {
      remove?.();
      release(destroy);
    },
    names,
  );
  const end = () => {
    parsing.close(signal.reason);
    breakOff();
  };
  if (signal.aborted) end();
  else remove = onAbort(signal, end);
  return parsing;
}

function onPool<TDatabase>(pool: PostgresPool): Kysely<TDatabase> {
  return new Kysely<TDatabase>({ dialect: new PostgresDialect({ pool }) });
}
