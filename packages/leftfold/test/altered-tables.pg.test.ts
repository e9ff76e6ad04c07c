import { account, accountEvents, balances, deposited } from '@leftfold/testbed/bank';
import { collect } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { createApp, defineProjection, type SubscriptionIncident } from '../src/index.ts';
import { test } from './app-test.ts';

/** A sum for each account. Its handler selects all columns, so that a new one changes what its statement returns. */
const totals = <TName extends string>(name: TName, mode: 'inline' | 'async') =>
  defineProjection({
    name,
    mode,
    events: [accountEvents],
    tables: { total: { columns: { account_id: 'text', cents: 'bigint' }, primaryKey: ['account_id'] } },
    on: {
      'account.deposited': async (tx, { streamId, data }) => {
        const row = await tx
          .selectFrom('total')
          .selectAll()
          .where('account_id', '=', streamId)
          .executeTakeFirst();
        const cents = (row?.cents ?? 0) + data.cents;
        await tx
          .insertInto('total')
          .values({ account_id: streamId, cents })
          .onConflict((on) => on.column('account_id').doUpdateSet({ cents }))
          .execute();
      },
    },
  });
const inline = totals('inline_totals', 'inline');
const async = totals('async_totals', 'async');

const CONNECTIONS = 3;
/** More than it takes until each statement is prepared on each of a few connections. */
const TIMES = 8;

const ofReadModels = ['inline_totals_v1.total', 'async_totals_v1.total', 'balances_v1.balances'].map(
  (table) => `alter table leftfold__${table} add column note text`,
);
/** The type of a column that a view reads: with the view made again, as a migration does it. */
const withView = (change: string) => `
  do $$
  declare
    body constant text := pg_get_viewdef('leftfold.subscription_status');
  begin
    drop view leftfold.subscription_status;
    ${change};
    execute 'create view leftfold.subscription_status as ' || body;
  end
  $$`;
/** What a later release may do while this one goes on: each changes what prepared statements return. */
const ofLog = [
  'alter table leftfold.events add column note text',
  withView('alter table leftfold.events alter column type type varchar collate "C"'),
  'alter table leftfold.snapshots add column note text',
  'alter table leftfold.subscriptions add column note text',
  withView('alter table leftfold.subscriptions alter column definition_hash type varchar collate "C"'),
  'alter table leftfold.log add column note text',
  'alter table leftfold.inline_projections add column note text',
];

test.for([
  ['of read models', ofReadModels],
  ['of the log', ofLog],
] as const)(
  'after tables %s were altered, each prepared statement is prepared anew',
  async ([, changes], { ownDatabase, ownPool }) => {
    const incidents: SubscriptionIncident[] = [];
    await using app = await createApp({
      aggregates: [account],
      projections: [inline, async, balances],
      database: { url: ownDatabase.connectionString, maxConnections: CONNECTIONS },
      subscriptions: {
        retry: { firstDelayMs: 1 },
        onIncident: (incident) => incidents.push(incident),
      },
    });
    const { store } = app;
    /** Reads in every way after a deposit, which must not fail. */
    const depositAndRead = async () => {
      const { token } = await app.execute(account.command.deposit('ada', { cents: 1 }));
      await store.append('account-bob', [deposited(1)], { commandId: crypto.randomUUID() });
      await store.append('account-bob', [deposited(1), deposited(1)]);
      for (const atLeast of [token, undefined]) {
        await app.query(balances, { atLeast }).execute();
        await app.query(async, { atLeast }).selectFrom('total').selectAll().execute();
        await collect(app.query(balances, { atLeast }).stream());
        await collect(app.query(inline, { atLeast }).selectFrom('total').selectAll().stream());
      }
      await collect(store.readStream('account-bob'));
      await collect(store.readAll());
      await collect(store.readAll({ filter: { types: ['account.deposited'] } }));
      await app.status();
      await app.projections.waitFor(async, token);
    };
    /** On all connections at once: a connection on which a statement of a pool fails is closed, and hides the others. */
    const readOnAll = async () => {
      const onAll = (read: () => Promise<unknown>) => Promise.all(Array.from({ length: CONNECTIONS }, read));
      await onAll(() => collect(app.query(balances).stream()));
      await onAll(() => app.query(balances).execute());
      await onAll(() => collect(store.readStream('account-bob')));
      await onAll(() => app.status());
    };
    for (let n = 0; n < TIMES; n += 1) await depositAndRead();
    await readOnAll();
    for (const change of changes) await ownPool.query(change);
    await readOnAll();
    for (let n = 0; n < TIMES; n += 1) await depositAndRead();

    for (const projection of [balances, async]) await app.projections.whenCaughtUp(projection);
    const ofTotals = [
      { account_id: 'account-ada', cents: 2 * TIMES },
      { account_id: 'account-bob', cents: 6 * TIMES },
    ];
    const read = [app.query(inline).selectFrom('total'), app.query(async).selectFrom('total')];
    for (const total of read)
      expect(await total.select(['account_id', 'cents']).orderBy('cents').execute()).toEqual(ofTotals);
    expect(
      await app.query(balances).clearSelect().select(['account_id', 'cents']).orderBy('cents').execute(),
    ).toEqual(ofTotals);
    // The runner undoes a batch, tells so, and goes on.
    expect(incidents.length).toBeLessThanOrEqual(2);
    for (const { error, stopped } of incidents)
      expect({ error, stopped }).toMatchObject({ error: { code: 'STORE_UNAVAILABLE' }, stopped: false });
  },
);
