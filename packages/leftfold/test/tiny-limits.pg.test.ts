import { setTimeout as delay } from 'node:timers/promises';
import { account, balances, movements } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { killBackends } from '@leftfold/testbed/faults';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { createApp } from '../src/index.ts';

const test = databaseTest();
const patient = { timeoutMs: 20_000 } as const;

test.for([
  ['idle_in_transaction_session_timeout', '1ms'],
  ['lock_timeout', '1ms'],
])('queries work where %s of the role is %s', async ([setting, value], { ownDatabase, ownPool }) => {
  await using app = await createApp({
    aggregates: [account],
    projections: [balances, movements],
    database: { url: ownDatabase.connectionString },
    subscriptions: { onIncident: () => {} },
  });
  const { token } = await app.execute(account.command.open('1', { owner: 'Ada' }));
  for (const projection of [balances, movements]) await app.projections.whenCaughtUp(projection, patient);
  await ownPool.query(`alter database "${ownDatabase.name}" set ${setting} = '${value}'`);
  await killBackends(ownPool, 'true');
  const answers = () =>
    app
      .query(balances)
      .execute()
      .then(
        () => true,
        () => false,
      );
  await until(answers);
  // So long that any limit which is left ends the transaction.
  const slowly = async (rows: AsyncIterable<unknown>) => {
    for await (const _ of rows) await delay(20);
  };
  for (let round = 0; round < 5; round += 1) {
    await app.query(balances).execute();
    await slowly(app.query(balances).stream(1));
    await slowly(app.query(balances, { atLeast: token, ...patient }).stream(1));
    await app.query(balances, { consistency: 'strong', ...patient }).execute();
    await app.query(balances, { onToken: () => {} }).execute();
    const rows = await app.read([balances, movements], { atLeast: token }, async (db) => {
      await db.selectFrom('movements').selectAll().execute();
      await delay(20);
      return db.selectFrom('balances').selectAll().execute();
    });
    expect(rows).toHaveLength(1);
  }
});
