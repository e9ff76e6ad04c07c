import { account, accountEvents, balances, deposited } from '@leftfold/testbed/bank';
import { killBackends } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { createApp, defineProjection, type SubscriptionIncident } from '../src/index.ts';
import { test } from './app-test.ts';

/** Sorts more than fits into the least work_mem and the temporary files of the test. */
const sorted = sql<number>`(select count(*) from (select n from generate_series(1, 20000) as n order by -n) as s)`;

const sorting = defineProjection({
  name: 'sorting',
  events: [accountEvents],
  tables: { found: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
  on: {
    'account.deposited': async (tx, { position }) => {
      await sql`select ${sorted}`.execute(tx);
      return tx.insertInto('found').values({ position });
    },
  },
});

const beyond = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('temp_file_limit') };

test('beyond temp_file_limit a query fails, and a projection waits until the limit is raised', async ({
  ownDatabase,
  ownPool,
}) => {
  guarantee('outages');
  const incidents: SubscriptionIncident[] = [];
  await using app = await createApp({
    aggregates: [account],
    projections: [sorting, balances],
    database: { url: ownDatabase.connectionString },
    subscriptions: {
      retry: { firstDelayMs: 5, maxDelayMs: 20 },
      onIncident: (incident) => incidents.push(incident),
    },
  });
  const alter = async (change: string) => {
    await ownPool.query(`alter database "${ownDatabase.name}" ${change}`);
    // Sessions keep the settings with which they began.
    await killBackends(ownPool, `application_name like 'leftfold%'`);
  };
  await alter(`set work_mem = '64kB'`);
  await alter(`set temp_file_limit = '64kB'`);
  incidents.length = 0;
  await app.store.append('account-1', [deposited(1)]);
  const { token } = await app.execute(account.command.deposit('1', { cents: 2 }));
  expect(await app.query(balances, { atLeast: token }).execute()).toMatchObject([{ cents: 3 }]);
  expect(await failureOf(app.query(balances).where(sorted, '>', 0).execute())).toMatchObject(beyond);
  expect(
    await failureOf(app.query(balances, { atLeast: token }).where(sorted, '>', 0).execute()),
  ).toMatchObject(beyond);

  const failures = () => incidents.filter(({ subscription }) => subscription?.name === 'sorting');
  await until(() => failures().length > 2, { message: 'the projection to fail a few times' });
  expect(failures()).toContainEqual({
    subscription: expect.anything(),
    error: expect.objectContaining(beyond),
    stopped: false,
  });
  expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
  await alter('reset temp_file_limit');
  await app.projections.waitFor(sorting, token);
  expect(await app.query(sorting).selectFrom('found').selectAll().execute()).toHaveLength(2);
});
