import { defineReaction, defineTableProjection } from '@leftfold/core';
import { account, accountEvents } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { createBarrier } from '@leftfold/testbed/waiting';
import { untilBlocked } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { createApp } from '../src/index.ts';
import { test } from './app-test.ts';

const sums = defineTableProjection({
  name: 'background_sums',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
  slices: 16,
});
const ids = Array.from({ length: 64 }, (_, index) => `background-${index}`);

const deposited = accountEvents.create.deposited({ cents: 1 });

for (const [maxConnections, most] of [
  [4, 2],
  [1, 1],
] as const) {
  test(`the slices of a process use ${most} of ${maxConnections} connections`, async ({ database }) => {
    guarantee('room-for-the-app');
    const url = database.connectionString;
    const base = { aggregates: [account], projections: [sums], schema: `background_${maxConnections}` };
    await using running = await createApp({ ...base, database: { url, maxConnections } });
    await using other = await createApp({ ...base, database: { url }, subscriptions: { run: false } });
    await running.projections.whenCaughtUp(sums);
    const client = await other.store.pool.connect();
    try {
      await client.query(
        `begin; lock table "${base.schema}__background_sums_v1".background_sums in exclusive mode`,
      );
      await Promise.all(ids.map((id) => other.store.append(`account-${id}`, [deposited])));
      await untilBlocked(client, { count: most });
      if (most < maxConnections)
        for (const id of ids) {
          await running.execute(account.command.deposit(id, { cents: 1 }));
          await running.query(sums).execute();
        }
      const { rows } = await client.query(
        `select pg_stat_clear_snapshot(), pid from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(rows).toHaveLength(most);
    } finally {
      await client.query('rollback');
      client.release();
    }
    await running.projections.whenCaughtUp(sums, { timeoutMs: 20_000 });
    expect(await running.query(sums).execute()).toHaveLength(ids.length);
  });
}

test('handlers of reactions run beside each other, however few connections there are', async ({
  database,
}) => {
  const together = createBarrier(4);
  const welcome = defineReaction({
    name: 'background_welcome',
    events: [accountEvents],
    slices: 16,
    on: { 'account.deposited': () => together() },
  });
  const url = database.connectionString;
  await using app = await createApp({
    aggregates: [account],
    reactions: [welcome],
    schema: 'background_reactions',
    database: { url, maxConnections: 2 },
  });
  await Promise.all(ids.map((id) => app.store.append(`account-${id}`, [deposited])));
  await app.reactions.whenCaughtUp(welcome, { timeoutMs: 20_000 });
  expect(await app.reactions.status()).toMatchObject([{ lag: 0 }]);
});
