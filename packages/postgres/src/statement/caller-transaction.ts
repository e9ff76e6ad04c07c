import type { Transaction } from 'kysely';
import { InvalidArgumentError } from '@leftfold/core';
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

/** @throws InvalidArgumentError when the value is neither */
export function assertTransaction(
  argument: string,
  value: CallerTransaction | undefined,
): asserts value is CallerTransaction {
  const { executeQuery, query } = (value ?? {}) as {
    readonly executeQuery?: unknown;
    readonly query?: unknown;
  };
  if (typeof executeQuery === 'function' || typeof query === 'function') return;
  throw InvalidArgumentError.not('a transaction of kysely, or a client of pg', argument, value);
}
