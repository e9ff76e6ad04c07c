import { account, balances } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect, vi } from 'vitest';
import { createApp } from '../src/index.ts';

const test = databaseTest();
const { deposit, withdraw } = account.command;

test.beforeEach(({ onTestFinished }) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
});

test('no command decides on a state of events that the log has lost', async ({ ownDatabase }) => {
  guarantee('log-went-back');
  const { connectionString } = ownDatabase;
  const database = { url: connectionString };
  await using app = await createApp({ database, aggregates: [account] });
  for (let made = 0; made < 5; made += 1) await app.execute(deposit('1', { cents: 100 }));
  const backup = await backUpDatabase(connectionString);
  for (let made = 0; made < 5; made += 1) await app.execute(deposit('1', { cents: 100 }));
  await backup.restore();
  await using other = await createApp({ database, aggregates: [account] });
  for (let made = 0; made < 5; made += 1) await other.execute(deposit('1', { cents: 1 }));

  expect(await app.execute(withdraw('1', { cents: 1_000 }))).toMatchObject({
    outcome: 'rejected',
    reason: 'insufficient-funds',
  });
  expect((await app.load(account, '1')).state).toMatchObject({ cents: 505 });
});

test('a projection goes on where its checkpoint is, and says so', async ({ ownDatabase }) => {
  guarantee('log-went-back');
  const { connectionString } = ownDatabase;
  const database = { url: connectionString };
  const incidents: unknown[] = [];
  await using app = await createApp({
    database,
    aggregates: [account],
    projections: [balances],
    subscriptions: { leaseMs: 500, onIncident: ({ error }) => incidents.push(error) },
  });
  await app.execute(deposit('1', { cents: 100 }));
  await app.projections.whenCaughtUp(balances);
  const backup = await backUpDatabase(connectionString);
  for (let made = 0; made < 5; made += 1) await app.execute(deposit('1', { cents: 100 }));
  await app.projections.whenCaughtUp(balances);
  await backup.restore();
  await using other = await createApp({ database, aggregates: [account] });
  const { token } = await other.execute(deposit('1', { cents: 1 }));

  await until(() => incidents.some((error) => (error as { code?: string }).code === 'LOG_REWOUND'), {
    message: 'the incident',
    timeoutMs: 15_000,
  });
  const rows = await app.query(balances, { atLeast: token, timeoutMs: 15_000 }).execute();
  expect(rows).toMatchObject([{ account_id: 'account-1', cents: 101 }]);
});
