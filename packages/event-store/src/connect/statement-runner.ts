import { CompiledQuery, type Transaction } from 'kysely';
import type pg from 'pg';
import { storeParsers } from './value-parsers.ts';

/** One SQL statement. With a name it is prepared once for each connection; without, planned for its values each time. */
export interface Statement {
  readonly name: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs a statement: on any connection of a pool, or inside a transaction. */
export type StatementRunner = <TRow extends pg.QueryResultRow>(
  statement: Statement,
) => Promise<readonly TRow[]>;

type AnyDatabase = Pick<Transaction<unknown>, 'executeQuery' | 'isTransaction'>;

/** The part of a kysely transaction that is the same for every database type. */
export interface KyselyTransaction extends AnyDatabase {
  withoutPlugins(): AnyDatabase;
}

/** A transaction that the caller holds open: kysely's, or a pg client between BEGIN and COMMIT. */
export type CallerTransaction = KyselyTransaction | pg.ClientBase;

/** @param prepare false behind a pooler that cannot keep prepared statements. */
export function runnerOn(client: Pick<pg.ClientBase, 'query'> | pg.Pool, prepare: boolean): StatementRunner {
  return async <TRow extends pg.QueryResultRow>({ name, text, values }: Statement) => {
    const result = await client.query<TRow>({
      ...(prepare && name !== undefined ? { name } : {}),
      text,
      values: [...values],
      types: storeParsers,
    });
    return result.rows;
  };
}

export function runnerInTransaction(transaction: CallerTransaction): StatementRunner {
  if (!isKysely(transaction)) return runnerOn(transaction, false);
  // The caller's plugins would rename the columns that come back.
  const plain = transaction.withoutPlugins();
  return async <TRow extends pg.QueryResultRow>({ text, values }: Statement) => {
    const result = await plain.executeQuery<TRow>(CompiledQuery.raw(text, [...values]));
    return result.rows;
  };
}

export function isKysely(transaction: CallerTransaction): transaction is KyselyTransaction {
  return 'executeQuery' in transaction;
}
