import { type LogToken, tokenOf } from '@leftfold/core';
import { account, balances, movements, openBalances } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, vi } from 'vitest';
import { type App, createApp } from '../src/index.ts';
import { startBank } from './app-test.ts';

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

describe('a token of an event that the log has lost', () => {
  const subscriptions = { leaseMs: 500, onIncident: () => {} };
  const projections = [balances, openBalances, movements];
  // A call that waited would fail by the limit of the test.
  const waiting = { timeoutMs: Number.POSITIVE_INFINITY };

  /** @returns the tokens of the events at positions 1 to 10, of which 7 to 10 are lost */
  async function loseFour(url: string): Promise<readonly LogToken[]> {
    await using before = await startBank(url, { subscriptions });
    const tokens: LogToken[] = [];
    const add = async (count: number) => {
      for (let made = 0; made < count; made += 1)
        tokens.push((await before.execute(deposit('1', { cents: 1 }))).token);
    };
    await add(6);
    for (const projection of projections) await before.projections.whenCaughtUp(projection);
    const backup = await backUpDatabase(url);
    await add(4);
    await backup.restore();
    return tokens;
  }

  async function expectRefused(app: Awaited<ReturnType<typeof startBank>>, token: LogToken, rewound: object) {
    for (const projection of [balances, openBalances]) {
      const query = app.query(projection, { atLeast: token, ...waiting });
      expect(await failureOf(query.execute())).toMatchObject(rewound);
      expect(await failureOf(collect(query.stream()))).toMatchObject(rewound);
    }
    const query = app
      .query(movements, { atLeast: token, ...waiting })
      .selectFrom('movements')
      .selectAll();
    expect(await failureOf(query.execute())).toMatchObject(rewound);
    for (const projection of projections)
      expect(await failureOf(app.projections.waitFor(projection, token, waiting))).toMatchObject(rewound);
    expect(await failureOf(collect(app.store.readAll({ after: token })))).toMatchObject(rewound);
    expect(await failureOf(collect(app.store.subscribe({ after: token }), 1))).toMatchObject(rewound);
  }

  test('is refused by a log that has grown beyond its position', async ({ ownDatabase }) => {
    guarantee('tokens-name-their-event', 'consistency-tokens');
    const url = ownDatabase.connectionString;
    const tokens = await loseFour(url);
    await using app = await startBank(url, { subscriptions });
    for (let made = 0; made < 6; made += 1) await app.execute(deposit('2', { cents: 1 }));
    for (const projection of projections) await app.projections.whenCaughtUp(projection);
    for (const position of [7, 10])
      await expectRefused(app, tokens[position - 1]!, { code: 'LOG_REWOUND', lostFrom: position, end: 12 });
    const rows = await app.query(balances, { atLeast: tokens[5]! }).execute();
    expect(rows.map(({ cents }) => cents)).toEqual([6, 6]);
  });

  test('is refused at once where the projection is behind it', async ({ ownDatabase }) => {
    guarantee('tokens-name-their-event');
    const url = ownDatabase.connectionString;
    const tokens = await loseFour(url);
    await using idle = await startBank(url, { subscriptions: { run: false } });
    const rewound = { code: 'LOG_REWOUND', lostFrom: 9, lostTo: 9 };
    await expectRefused(idle, tokens[8]!, { ...rewound, end: 6 });
    for (let made = 0; made < 5; made += 1) await idle.execute(deposit('2', { cents: 1 }));
    await expectRefused(idle, tokens[8]!, { ...rewound, end: 11 });
  });

  test('is refused by the process that has applied it', async ({ ownDatabase }) => {
    const url = ownDatabase.connectionString;
    await using app = await startBank(url, { subscriptions });
    await app.execute(deposit('1', { cents: 1 }));
    const backup = await backUpDatabase(url);
    const { token } = await app.execute(deposit('1', { cents: 1 }));
    for (const projection of projections) await app.projections.waitFor(projection, token);
    await backup.restore();
    await using other = await startBank(url, { subscriptions: { run: false } });
    for (let made = 0; made < 3; made += 1) await other.execute(deposit('2', { cents: 1 }));
    await app.execute(deposit('2', { cents: 1 }));
    await expectRefused(app, token, { code: 'LOG_REWOUND', lostFrom: 2, lostTo: 2, end: 5 });
  });

  test('is refused by a projection that is being rebuilt', async ({ ownDatabase }) => {
    const url = ownDatabase.connectionString;
    const tokens = await loseFour(url);
    await using idle = await startBank(url, { subscriptions: { run: false } });
    for (let made = 0; made < 5; made += 1) await idle.execute(deposit('2', { cents: 1 }));
    for (const projection of projections) await idle.projections.reset(projection);
    await expectRefused(idle, tokens[8]!, { code: 'LOG_REWOUND', lostFrom: 9, end: 11 });
  });
});

test('a token of an append that was rolled back is refused', async ({ database }) => {
  guarantee('tokens-name-their-event');
  await using app: App = await createApp({
    database: { url: database.connectionString },
    aggregates: [account],
    projections: [balances],
  });
  const transaction = await app.store.db.startTransaction().execute();
  const event = account.events.create.deposited({ cents: 1 });
  const { events } = await app.store.append('account-undone', [event], { transaction });
  await transaction.rollback().execute();
  const query = app.query(balances, { atLeast: tokenOf(events[0]), timeoutMs: Number.POSITIVE_INFINITY });
  expect(await failureOf(query.execute())).toMatchObject({ code: 'LOG_REWOUND' });
});
