import { account, accountEvents, balances } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { createRoleLogins, type RoleKind } from '@leftfold/testbed/roles';
import { createApp, defineTableProjection } from '../src/index.ts';

export const inlineBalances = defineTableProjection({
  name: 'inline_balances',
  mode: 'inline',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});
export const projections = [balances, inlineBalances] as const;

/** Tests with a database in which every role has a login, and the owner has migrated. */
export const test = databaseTest()
  .extend('logins', { scope: 'file' }, async ({ database }, fixture) => {
    const logins = disposeAfter(fixture, await createRoleLogins(database));
    await logins.migrate({ projections });
    return logins;
  })
  // Runs statements in a transaction, as one role; `keep` commits it.
  .extend(
    'as',
    { scope: 'file' },
    ({ logins, database }) =>
      async (kind: RoleKind | 'superuser', statement: string, { keep = false } = {}) => {
        const url = kind === 'superuser' ? database.connectionString : logins.urlOf(kind);
        await using transaction = await beginTransaction(url);
        const { rows } = await transaction.client.query<Record<string, unknown>>(statement);
        await transaction.client.query(keep ? 'commit' : 'rollback');
        return rows;
      },
  )
  .extend('app', { scope: 'file' }, async ({ logins }, fixture) =>
    disposeAfter(
      fixture,
      await createApp({
        aggregates: [account],
        projections,
        database: { url: logins.urlOf('app') },
        subscriptions: { run: false },
      }),
    ),
  )
  .extend('projector', { scope: 'file' }, async ({ logins }, fixture) =>
    disposeAfter(
      fixture,
      await createApp({ aggregates: [account], projections, database: { url: logins.urlOf('projector') } }),
    ),
  );
