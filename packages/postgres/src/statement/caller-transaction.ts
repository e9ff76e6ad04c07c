import type { Transaction } from 'kysely';
import type pg from 'pg';

type AnyDatabase = Pick<Transaction<unknown>, 'executeQuery' | 'isTransaction'>;

/** The part of a kysely transaction that is the same for every database type. */
interface KyselyTransaction extends AnyDatabase {
  withoutPlugins(): AnyDatabase;
}

/** A transaction that the caller holds open: kysely's, or a pg client between BEGIN and COMMIT. */
export type CallerTransaction = KyselyTransaction | pg.ClientBase;

export function isKysely(transaction: CallerTransaction): transaction is KyselyTransaction {
  return 'executeQuery' in transaction;
}
