import type { StatementRunner } from '@leftfold/postgres';

/** The schema that holds the subscriptions, and a way to run statements on it: a store, or one of its transactions. */
export interface SchemaConnection {
  readonly schema: string;
  readonly run: StatementRunner;
}
