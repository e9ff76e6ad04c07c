import type { CompiledQuery, Transaction } from 'kysely';
import type pg from 'pg';
import { borrow } from '../pool/borrow.ts';
import type { StatementNames } from '../statement/statement-names.ts';
import { kyselyOnClient } from './kysely-on.ts';
import { ParsingClient } from './parsing-client.ts';

/** A transaction on one connection of a pool. */
export interface PipelinedTransaction {
  readonly tx: Transaction<unknown>;
  /**
   * Sends a statement after all that were sent before, by `send` or by `tx`, without waiting for their answers where
   * the connection can take several. Resolves when the database has answered.
   */
  readonly send: (query: CompiledQuery<unknown>) => Promise<unknown>;
}

/**
 * Runs work in a read committed transaction: it commits when the work resolves, and rolls back when it throws.
 *
 * @param names for statements that are prepared; undefined behind a pooler that cannot keep them.
 */
export async function inTransaction<TResult>(
  pool: pg.Pool,
  names: StatementNames | undefined,
  work: (transaction: PipelinedTransaction) => Promise<TResult>,
): Promise<TResult> {
  const { client: borrowed, release } = await borrow(pool);
  const client = new ParsingClient(borrowed, release, names);
  return kyselyOnClient(client, pool.options)
    .transaction()
    .setIsolationLevel('read committed')
    .execute((tx) => work({ tx, send: ({ sql, parameters }) => client.query(sql, parameters) }));
}
