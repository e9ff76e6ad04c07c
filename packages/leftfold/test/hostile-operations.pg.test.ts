import { account, accountEvents, balances, movements, openBalances } from '@leftfold/testbed/bank';
import { databaseTest, setHostileSettings } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { createApp, defineReaction } from '../src/index.ts';

const test = databaseTest();
const patient = { timeoutMs: 20_000 } as const;
const sliced = { ...balances, slices: 2 };

/** Limits that a careful administrator sets, and plans that none would choose. */
const limits = {
  statement_timeout: '5s',
  lock_timeout: '1s',
  idle_in_transaction_session_timeout: '2s',
  work_mem: '64kB',
  temp_file_limit: '1MB',
  enable_indexscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_nestloop: 'off',
  enable_sort: 'off',
  // Plans that are disabled cost so much that every statement would be compiled, for longer than it runs.
  jit: 'off',
};

const welcome = defineReaction({
  name: 'welcome',
  events: [accountEvents],
  slices: 2,
  on: {
    'account.opened': async (_event, { execute }) => {
      await execute(account.command.deposit('bank', { cents: 1 }));
    },
  },
});

test('reactions, a rebuild, a verification and a repair work under hostile settings', async ({
  ownDatabase: { connectionString, name },
  ownPool,
}) => {
  guarantee('server-settings');
  await setHostileSettings(connectionString, name);
  for (const [setting, value] of Object.entries(limits))
    await ownPool.query(`alter database "${name}" set ${setting} = '${value}'`);
  await using app = await createApp({
    database: { url: connectionString },
    aggregates: [account],
    projections: [sliced, movements, openBalances],
    reactions: [welcome],
  });
  await app.ready(patient);
  for (let id = 0; id < 20; id += 1) {
    await app.execute(account.command.open(`${id}`, { owner: 'Ada' }));
    await app.execute(account.command.deposit(`${id}`, { cents: 5 }));
  }
  await app.reactions.whenCaughtUp(welcome, patient);
  expect((await app.load(account, 'bank')).state.cents).toBe(20);
  await app.projections.rebuild(sliced);
  await app.projections.rebuild(openBalances);
  const wrong = `update leftfold__balances_v1.balances set cents = 7 where account_id = 'account-3'`;
  await app.projections.whenCaughtUp(sliced, patient);
  await ownPool.query(wrong);
  expect(await app.projections.repair(sliced)).toMatchObject({ repaired: 1 });
  for (const projection of [sliced, movements, openBalances])
    expect(await app.projections.verify(projection)).toMatchObject({ equal: true });
  const rows = await app.query(sliced, { consistency: 'strong', ...patient }).execute();
  expect(rows.filter(({ cents }) => cents === 5)).toHaveLength(20);
});
