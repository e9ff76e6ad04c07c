import { LeftfoldError } from '@leftfold/core';
import { account, accountEvents, balances, movements, openBalances } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { killBackends } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createApp, defineReaction } from '../src/index.ts';

const test = databaseTest();
const patient = { timeoutMs: 20_000 } as const;
const sliced = { ...balances, slices: 2 };

const welcome = defineReaction({
  name: 'welcome',
  events: [accountEvents],
  on: {
    'account.opened': async (_event, { execute }) => {
      await execute(account.command.deposit('bank', { cents: 1 }));
    },
  },
});

const startApp = (url: string) =>
  createApp({
    aggregates: [account],
    projections: [sliced, movements, openBalances],
    reactions: [welcome],
    database: { url },
    subscriptions: { onIncident: () => {} },
  });

type TestApp = Awaited<ReturnType<typeof startApp>>;
type Calls = Readonly<Record<string, (app: TestApp) => Promise<unknown>>>;

/** Calls that change nothing. */
const reads: Calls = {
  load: (app) => app.load(account, '1'),
  query: (app) => app.query(sliced, { timeoutMs: 5_000 }).execute(),
  explain: (app) => app.projections.explain(sliced, { account_id: 'account-1' }),
  status: (app) => app.projections.status(),
  versions: (app) => app.projections.versions(sliced),
  parked: (app) => app.projections.parked.list(sliced),
};

/** Calls that write, in the tables that serve or beside them. */
const writes: Calls = {
  execute: (app) => app.execute(account.command.deposit('1', { cents: 1 })),
  verify: (app) => app.projections.verify(sliced),
  'verify of an inline projection': (app) => app.projections.verify(openBalances),
  repair: (app) => app.projections.repair(movements),
  asOf: async (app) => {
    await using past = await app.projections.asOf(sliced, { position: 1 });
    await past.query().execute();
  },
  rebuild: (app) => app.projections.rebuild(sliced),
  'rebuild of an inline projection': (app) => app.projections.rebuild(openBalances),
  reset: (app) => app.projections.reset(movements),
};

/** Calls whose statements have no isolation level of their own: they read the log, or what was settled. */
const readsOfLog = [
  'explain',
  'status',
  ...Object.keys(writes).filter((call) => !/execute|reset/.test(call)),
];

const limits = {
  statement_timeout: '2s',
  lock_timeout: '200ms',
  idle_in_transaction_session_timeout: '1s',
};

describe('an app on a server whose defaults change while it runs', () => {
  test('works with short timeouts', async ({ ownDatabase: { connectionString, name }, ownPool }) => {
    guarantee('role-settings');
    for (const [setting, value] of Object.entries(limits))
      await ownPool.query(`alter database "${name}" set ${setting} = '${value}'`);
    await using app = await startApp(connectionString);
    await app.ready(patient);
    await open(app);
    const calls: Calls = { ...reads, ...writes, rollback: ({ projections }) => projections.rollback(sliced) };
    for (const [call, make] of Object.entries(calls)) expect(await outcomeOf(make(app)), call).toBe('done');
    await app.projections.whenCaughtUp(movements, patient);
    await app.reactions.whenCaughtUp(welcome, patient);
  });

  test.for([
    ['default_transaction_read_only', 'on', 'READ_ONLY_DATABASE', Object.keys(writes)],
    ['default_transaction_isolation', 'serializable', 'WRONG_ISOLATION_LEVEL', readsOfLog],
    ['default_transaction_isolation', 'repeatable read', 'WRONG_ISOLATION_LEVEL', readsOfLog],
  ] as const)(
    'refuses with a typed error what %s = %s prevents, until it is reset',
    async ([setting, value, code, refused], { ownDatabase: { connectionString, name }, ownPool }) => {
      guarantee('role-settings');
      await using app = await startApp(connectionString);
      await app.ready(patient);
      await open(app);
      const change = async (sql: string) => {
        await ownPool.query(`begin; set transaction read write; alter database "${name}" ${sql}; commit`);
        await killBackends(ownPool, 'true');
      };
      /** Of a call on connections that stand: those that broke are replaced, each when a call finds it. */
      const outcomeOn = (make: Calls[string]) =>
        until(async () => {
          const outcome = await outcomeOf(make(app));
          return outcome !== 'STORE_UNAVAILABLE' && outcome;
        });
      await change(`set ${setting} = '${value}'`);
      for (const [call, make] of Object.entries({ ...reads, ...writes }))
        expect(await outcomeOn(make), call).toBe(refused.includes(call) ? code : 'done');

      await change(`reset ${setting}`);
      for (const [call, make] of Object.entries({ ...reads, ...writes }))
        expect(await outcomeOn(make), call).toBe('done');
      await app.projections.whenCaughtUp(movements, patient);
      await app.reactions.whenCaughtUp(welcome, patient);
      expect((await app.load(account, 'bank')).state.cents).toBe(3);
    },
  );
});

async function open(app: TestApp): Promise<void> {
  for (const id of ['1', '2', '3']) await app.execute(account.command.open(id, { owner: 'Ada' }));
  for (const projection of [sliced, movements, openBalances])
    await app.projections.whenCaughtUp(projection, patient);
  await app.reactions.whenCaughtUp(welcome, patient);
}

/** `done`, or the code of the typed error that the call failed with. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    return LeftfoldError.is(error) ? error.code : String(error);
  }
}
