import { defineReaction } from '@leftfold/core';
import { account, accountEvents, balances, movements, transfer } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect, describe } from 'vitest';
import { createApp, tokenOf } from '../src/index.ts';
import { test } from './app-test.ts';

const notNumbers: readonly unknown[] = [
  Number.NaN,
  1.5,
  2 ** 53,
  Number.POSITIVE_INFINITY,
  '7',
  null,
  {},
  [],
  7n,
];
const refused = { code: 'INVALID_ARGUMENT', retryable: false };

/** Calls with whatever a form or a query string contains. */
const given = (value: unknown) => value as never;
const attempt = async (call: () => unknown) => failureOf((async () => call())());

describe('an argument that is none is refused at once', () => {
  test('by execute: the expected version', async ({ app }) => {
    const command = account.command.deposit('acc-1', { cents: 1 });
    const move = transfer.command({ from: 'acc-1', to: 'acc-2', cents: 1 });
    for (const expectedVersion of [...notNumbers, -1, 'never', { from: 1 }])
      expect(await attempt(() => app.execute(command, given({ expectedVersion })))).toMatchObject(refused);
    for (const expectedVersion of [1, 'any', null, { form: 1 }, { from: 1.5 }, { from: '1' }])
      expect(await attempt(() => app.execute(move, given({ expectedVersion })))).toMatchObject(refused);
  });

  test('by execute: the attempts, and a misspelt option', async ({ app }) => {
    const command = account.command.deposit('acc-1', { cents: 1 });
    const wrong = [
      { commandID: 'c-1' },
      { retry: { attempts: '3' } },
      { retry: { tries: 3 } },
      { retry: null },
      null,
    ];
    for (const options of wrong)
      expect(await attempt(() => app.execute(command, given(options)))).toMatchObject(refused);
    for (const commandId of [null, '', 7, 'a\0'])
      expect(await attempt(() => app.execute(command, given({ commandId })))).toMatchObject({
        code: 'INVALID_NAME',
      });
    for (const none of [null, 7, 'open', Number.NaN])
      expect(await attempt(() => app.execute(given(none)))).toMatchObject(refused);
    for (const causedBy of [null, 7, {}])
      expect(await attempt(() => app.execute(command, given({ causedBy })))).toMatchObject(refused);
    for (const transaction of [null, 7])
      expect(await attempt(() => app.store.append('account-1', [], given({ transaction })))).toMatchObject(
        refused,
      );
  });

  test('by load: the moment', async ({ app }) => {
    for (const bad of [...notNumbers, -1]) {
      expect(await attempt(() => app.load(account, 'acc-1', given({ atVersion: bad })))).toMatchObject(
        refused,
      );
      expect(await attempt(() => app.load(account, 'acc-1', given({ atPosition: bad })))).toMatchObject(
        refused,
      );
      expect(await attempt(() => app.load(account, 'acc-1', given({ atTime: bad })))).toMatchObject(refused);
    }
    const both = { atVersion: 1, atPosition: 1 };
    expect(await attempt(() => app.load(account, 'acc-1', given(both)))).toMatchObject(refused);
    expect(await attempt(() => app.load(account, 'acc-1', given({ atversion: 1 })))).toMatchObject(refused);
    for (const id of [null, '', 7, {}])
      expect(await attempt(() => app.load(account, given(id)))).toMatchObject({ code: 'INVALID_NAME' });
    for (const none of [null, 7, 'account'])
      expect(await attempt(() => app.load(given(none), 'acc-1'))).toMatchObject(refused);
  });

  test('by query: the position and the time to wait', async ({ app }) => {
    for (const bad of [...notNumbers, -1])
      expect(await attempt(() => app.query(balances, { atLeast: given(bad) }))).toMatchObject(refused);
    for (const timeoutMs of [Number.NaN, -1, '5', null])
      expect(await attempt(() => app.query(balances, { timeoutMs: given(timeoutMs) }))).toMatchObject(
        refused,
      );
    expect(await attempt(() => app.query(balances, given({ atleast: 7 })))).toMatchObject(refused);
    expect(await attempt(() => app.query(balances, given({ ifParked: 'wait' })))).toMatchObject(refused);
  });

  test('by a wait for a projection', async ({ app }) => {
    const { projections } = app;
    for (const bad of [...notNumbers, -1, undefined])
      expect(await attempt(() => projections.waitFor(balances, given(bad)))).toMatchObject(refused);
    for (const options of [{ timeoutMs: '5' }, { timeoutMs: Number.NaN }, { timeout: 5 }, null]) {
      expect(
        await attempt(() => projections.waitFor(balances, tokenOf(undefined), given(options))),
      ).toMatchObject(refused);
      expect(await attempt(() => projections.whenCaughtUp(movements, given(options)))).toMatchObject(refused);
    }
    for (const projection of [null, undefined, 7])
      expect(await attempt(() => projections.reset(given(projection)))).toMatchObject(refused);
  });

  test('by each call that takes a signal: one that is none', async ({ app }) => {
    for (const signal of [null, 'stop', 7, {}, new AbortController()]) {
      const options = given({ signal });
      const calls = [
        () => app.query(balances, options),
        () => app.projections.waitFor(balances, tokenOf(undefined), options),
        () => app.projections.whenCaughtUp(balances, options),
        () => app.store.readStream('account-1', options)[Symbol.asyncIterator]().next(),
        () => app.store.readAll(options)[Symbol.asyncIterator]().next(),
        () => app.store.subscribe(options)[Symbol.asyncIterator]().next(),
      ];
      for (const call of calls)
        expect(await attempt(call), String(call)).toMatchObject({ ...refused, argument: 'signal' });
    }
  });

  test('by createApp: every group of options', async ({ database }) => {
    const url = database.connectionString;
    const wrong: readonly object[] = [
      { agregates: [account] },
      { database: { url, maxConnections: 0 } },
      { database: { url, max: 5 } },
      { database: { url }, store: { limits: { events: '7' } } },
      { database: { url }, store: { limits: { event: 7 } } },
      { database: { url }, store: { appendConcurrency: Number.NaN } },
      { database: { url }, commands: { cache: { aggregates: -1 } } },
      { database: { url }, commands: { retries: 3 } },
      { database: { url }, subscriptions: { leaseMs: '5000' } },
      { database: { url }, subscriptions: { batchSize: Number.POSITIVE_INFINITY } },
      { database: { url }, subscriptions: { cachedRows: -1 } },
      { database: { url }, subscriptions: { run: 'no' } },
    ];
    for (const options of wrong)
      expect(await attempt(() => createApp(options)), JSON.stringify(options)).toMatchObject(refused);
    for (const option of ['owner', 'release'])
      for (const name of ['a\0', 'a\n', 'a\ud800', '', 'x'.repeat(256), 7, null]) {
        const options = { database: { url }, subscriptions: { [option]: name } };
        expect(await attempt(() => createApp(options)), JSON.stringify(options)).toMatchObject({
          code: 'INVALID_NAME',
          kind: option,
        });
      }
  });

  test('by execute: metadata that is no plain object', async ({ app }) => {
    const command = account.command.deposit('acc-1', { cents: 1 });
    for (const metadata of [[1], 'abc', 7, null, new Date(0)])
      expect(await attempt(() => app.execute(command, given({ metadata })))).toMatchObject(refused);
  });
});

describe('an option of createApp that a part of the app refuses', () => {
  const slow = defineReaction({
    name: 'slow',
    events: [accountEvents],
    timeoutMs: 60_000,
    on: { 'account.opened': async () => {} },
  });
  const wrong: readonly (readonly [name: string, options: object])[] = [
    ['subscriptions.leaseMs', { subscriptions: { leaseMs: 1 } }],
    ['subscriptions.cachedRows', { subscriptions: { cachedRows: -1 } }],
    ['subscriptions.retry', { subscriptions: { retry: { attempts: 0 } } }],
    ['commands.retry', { commands: { retry: { attempts: 0 } } }],
    ['commands.cache', { commands: { cache: { aggregates: -1 } } }],
    ['timeoutMs of a reaction', { reactions: [slow] }],
  ];
  test.for(wrong)('leaves the database alone: %s', async ([, options], { app, database }) => {
    const schema = 'untouched';
    const started = createApp({ schema, database: { url: database.connectionString }, ...options });
    expect(await failureOf(started)).toMatchObject(refused);
    const { rows } = await app.store.pool.query('select nspname from pg_namespace where nspname = $1', [
      schema,
    ]);
    expect(rows).toEqual([]);
  });

  test('is named with its value, the limit and the other option', async ({ database }) => {
    const started = createApp({ database: { url: database.connectionString }, reactions: [slow] });
    expect(String(await failureOf(started))).toContain(
      'timeoutMs of reaction "slow" must be at most 30000, not 60000: half of batchTimeoutMs, which is 60000; lower it, or raise batchTimeoutMs (of an app: subscriptions.batchTimeoutMs)',
    );
  });
});
