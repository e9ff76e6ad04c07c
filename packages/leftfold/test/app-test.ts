import { account, balances, movements, openBalances, transfer } from '@leftfold/testbed/bank';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { type App, type AppOptions, createApp, type MetadataSchema } from '../src/index.ts';

/** `test` with an empty database for the file, and an app on it that leaves the projections to others. */
export const test = databaseTest().extend('app', { scope: 'file' }, async ({ database }, fixture) =>
  disposeAfter(fixture, await startBank(database.connectionString, { subscriptions: { run: false } })),
);

export type Bank = App<
  typeof account,
  typeof transfer,
  typeof balances | typeof openBalances | typeof movements
>;

/** The bank's app, as one process runs it. */
export function startBank(
  url: string,
  options: Pick<
    AppOptions<[], [], [], MetadataSchema>,
    'database' | 'subscriptions' | 'schema' | 'onStart'
  > = {},
): Promise<Bank> {
  return createApp({
    aggregates: [account],
    decisions: [transfer],
    projections: [balances, openBalances, movements],
    ...options,
    database: {
      ...(options.database?.pool === undefined ? { url } : {}),
      maxConnections: 5,
      ...options.database,
    },
  });
}
