import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { defineProjection, defineReaction } from '@leftfold/core';
import { account, accountEvents, balances, movements } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createApp } from '../src/index.ts';
import { startBank } from './app-test.ts';

const test = databaseTest();
const idle = { subscriptions: { run: false } } as const;
const deposit = (id: string) => account.command.deposit(id, { cents: 1 });

/** Stops at each deposit. */
const stopping = defineProjection({
  name: 'stopping',
  events: [accountEvents],
  tables: { seen: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
  on: {
    'account.deposited': () => {
      throw new Error('the secret of Ada');
    },
  },
});
const bonus = defineReaction({
  name: 'bonus',
  events: [accountEvents],
  on: { 'account.opened': async () => {} },
});

const startStopping = (url: string, run = true) =>
  createApp({
    aggregates: [account],
    projections: [stopping],
    reactions: [bonus],
    database: { url },
    subscriptions: { run, retry: { attempts: 1 }, onIncident: () => {} },
  });

describe('health', () => {
  test('is alive and ready, and says how far each part is', async ({ ownDatabase: { connectionString } }) => {
    guarantee('health');
    await using app = await startBank(connectionString);
    await app.execute(deposit('well'));
    await app.projections.whenCaughtUp(balances);
    await app.projections.whenCaughtUp(movements);
    const { live, ready, checks } = await app.health({ maxLagSeconds: 5 });
    expect({ live, ready }).toEqual({ live: true, ready: true });
    expect(checks).toMatchObject([
      { kind: 'database', name: 'database', ok: true },
      {
        kind: 'projection',
        name: 'projection balances',
        ok: true,
        message: 'running, 0 positions and 0.0 s behind',
      },
      { name: 'projection open_balances', ok: true, message: expect.stringMatching(/^inline, 0 positions/) },
      { name: 'projection movements', ok: true },
    ]);
  });

  test('is asked in one round trip', async ({ ownDatabase: { connectionString } }) => {
    await using app = await startBank(connectionString, idle);
    let lent = 0;
    app.store.pool.on('acquire', () => (lent += 1));
    await app.health();
    expect(lent).toBe(1);
  });

  test('names a projection that is behind, by how many seconds', async ({ ownDatabase, ownPool }) => {
    guarantee('health');
    const { connectionString } = ownDatabase;
    await using app = await startBank(connectionString, idle);
    await app.execute(deposit('behind'));
    await ownPool.query('alter table leftfold.events disable trigger user');
    await ownPool.query(`update leftfold.events set recorded_at = clock_timestamp() - interval '90 seconds'`);
    const health = await app.health({ maxLagSeconds: 30 });
    const check = health.checks.find(({ name }) => name === 'projection balances');
    expect(check).toMatchObject({
      ok: false,
      message: expect.stringMatching(/no process runs it; 1 positions and 9\d\.\d s/),
    });
    expect(health).toMatchObject({ live: true, ready: false });
    await using runner = await startBank(connectionString);
    await runner.projections.whenCaughtUp(balances);
    await runner.projections.whenCaughtUp(movements);
    expect(await app.health({ maxLagSeconds: 30 })).toMatchObject({ ready: true });
  });

  test('names a projection that stopped, without what its handler said', async ({
    ownDatabase: { connectionString: url },
  }) => {
    guarantee('health');
    const told: unknown[] = [];
    const onMessage = (message: unknown) => told.push(message);
    subscribe('leftfold:subscription.stopped', onMessage);
    await using app = await startStopping(url);
    const { token } = await app.execute(deposit('stop'));
    await failureOf(app.projections.waitFor(stopping, token, { timeoutMs: 20_000 }));
    unsubscribe('leftfold:subscription.stopped', onMessage);
    const health = await app.health();
    expect(health).toMatchObject({ live: true, ready: false });
    expect(health.checks).toMatchObject([
      { name: 'database', ok: true },
      {
        name: 'projection stopping',
        ok: false,
        message: expect.stringMatching(
          /stopped at position 1, event "account.deposited"; .* call resume\(\)/,
        ),
      },
      { name: 'reaction bonus', ok: true },
    ]);
    expect(JSON.stringify([health, told])).not.toContain('Ada');
    expect(told).toEqual([
      { schema: 'leftfold', name: 'stopping', version: 1, slice: 0, position: 1, type: 'account.deposited' },
    ]);
    expect(await failureOf(app.ready({ timeoutMs: 50 }))).toMatchObject({
      code: 'NOT_READY',
      missing: [expect.stringContaining('projection stopping: it stopped at position 1')],
    });
  });

  test('is alive and not ready while the database is silent, and when the app is closed', async ({
    ownDatabase: { connectionString },
  }) => {
    guarantee('health');
    await using proxy = await TcpProxy.start(connectionString);
    const app = await startBank(proxy.connectionString, idle);
    proxy.stall();
    const began = performance.now();
    const health = await app.health({ timeoutMs: 300 });
    expect(performance.now() - began).toBeLessThan(10_000); // a third of the time for an answer
    expect(health).toMatchObject({ live: true, ready: false, checks: [{ name: 'database', ok: false }] });
    expect(health.checks[0]?.message).not.toContain(new URL(connectionString).port);
    expect(await failureOf(app.ready({ timeoutMs: 50 }))).toMatchObject({
      code: 'NOT_READY',
      missing: [expect.stringContaining('database: ')],
    });
    await proxy.restore();
    await until(async () => (await app.health()).checks[0]?.ok === true);
    await app.close();
    expect(await app.health()).toMatchObject({ live: false, ready: false });
    expect(await failureOf(app.ready())).toMatchObject({ code: 'CLOSED' });
  });

  test('is told in time while the pool has no connection', async ({ ownDatabase: { connectionString } }) => {
    await using app = await startBank(connectionString, { ...idle, database: { maxConnections: 1 } });
    const held = await app.store.pool.connect();
    const health = await app.health({ timeoutMs: 100 });
    held.release();
    expect(health.checks).toEqual([
      {
        kind: 'database',
        name: 'database',
        ok: false,
        message: expect.stringContaining('no answer within 100 ms'),
      },
    ]);
  });

  test('refuses options that are none', async ({ ownDatabase: { connectionString } }) => {
    await using app = await startBank(connectionString, idle);
    for (const wrong of [{ maxLag: 1 }, { maxLagSeconds: -1 }, { timeoutMs: '1' }])
      expect(await failureOf(app.health(wrong as never))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await failureOf(app.ready({ onProgress: 1 } as never))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await failureOf(app.ready({ timeout: 1 } as never))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('ready', () => {
  test('waits until every projection has caught up once and reactions are led', async ({
    ownDatabase: { connectionString: url },
  }) => {
    guarantee('readiness');
    await using app = await startStopping(url, false);
    await app.execute(account.command.open('new', { owner: 'Ada' }));
    await app.projections.reset(stopping);
    const missing = [
      expect.stringMatching(
        /^projection stopping: it has not caught up with the log yet, it is at position 0/,
      ),
      expect.stringMatching(/^reaction bonus: no process runs it/),
    ];
    expect(await failureOf(app.ready({ timeoutMs: 0 }))).toMatchObject({ code: 'NOT_READY', missing });
    const ending = new AbortController();
    const aborted = failureOf(app.ready({ signal: ending.signal }));
    const reason = new Error('the deployment was cancelled');
    ending.abort(reason);
    expect(await aborted).toBe(reason);
    const ready = app.ready();
    await using runner = await startStopping(url);
    await ready;
    await runner.ready();
  });

  test('waits for an inline projection to be inline, unless appends of another release keep it from that', async ({
    ownDatabase,
    ownPool,
  }) => {
    guarantee('readiness');
    const { connectionString } = ownDatabase;
    await using app = await startBank(connectionString, idle);
    expect(await failureOf(app.ready({ timeoutMs: 0 }))).toMatchObject({
      missing: [expect.stringMatching(/^projection open_balances: appends do not apply it yet/)],
    });
    await using runner = await startBank(connectionString);
    await app.ready({ timeoutMs: 20_000 });
    await ownPool.query(
      `select * from leftfold.append('account-sql', '[{"type": "account.closed", "data": {}}]')`,
    );
    await ownPool.query(
      `select * from leftfold.append('account-sql', '[{"type": "account.deposited", "data": {"cents": 1}}]')`,
    );
    const inline = async () => (await runner.projections.status())[1];
    await until(async () => (await inline())?.demotion !== undefined);
    await app.ready({ timeoutMs: 20_000 });
  });
});

describe('status', () => {
  test('has the age of the first event that was not applied, also as a view', async ({
    ownDatabase,
    ownPool,
  }) => {
    guarantee('status-view');
    await using app = await startBank(ownDatabase.connectionString, idle);
    await app.execute(account.command.open('age', { owner: 'Ada' }));
    await app.execute(deposit('age'));
    await ownPool.query('alter table leftfold.events disable trigger user');
    await ownPool.query(
      `update leftfold.events set recorded_at = clock_timestamp() - (100 - position * 10) * interval '1 second'`,
    );
    const [status] = await app.projections.status();
    expect(status).toMatchObject({
      name: 'balances',
      state: 'waiting',
      position: 0,
      lag: 2,
      parked: { keys: 0, events: 0 },
    });
    expect(status?.lagSeconds).toBeGreaterThanOrEqual(90);
    expect(status?.lagSeconds).toBeLessThan(95);
    const { rows } = await ownPool.query(
      `select name, state, position::int, lag::int, lag_seconds::int / 10 as tens, caught_up, owner, parked_events::int
         from leftfold.subscription_status order by name`,
    );
    const late = {
      state: 'waiting',
      position: 0,
      lag: 2,
      tens: 9,
      caught_up: true,
      owner: null,
      parked_events: 0,
    };
    expect(rows).toEqual([
      { name: 'balances', ...late },
      { name: 'movements', ...late },
      // It does not read the first one.
      { name: 'open_balances', ...late, tens: 8 },
    ]);
  });

  test('counts only events that the subscription reads, among the next thousand', async ({
    ownDatabase,
    ownPool,
  }) => {
    await using app = await createApp({
      aggregates: [account],
      projections: [stopping],
      database: { url: ownDatabase.connectionString },
      subscriptions: { run: false },
    });
    await app.execute(account.command.open('filter', { owner: 'Ada' }));
    await app.execute(deposit('filter'));
    await ownPool.query('alter table leftfold.events disable trigger user');
    await ownPool.query(
      `update leftfold.events set recorded_at = clock_timestamp() - (100 - position * 10) * interval '1 second'`,
    );
    const [status] = await app.projections.status();
    expect(status?.lagSeconds).toBeGreaterThanOrEqual(80);
    expect(status?.lagSeconds).toBeLessThan(85);
  });

  test('is stalled while a lease is held and the position does not move', async ({ ownDatabase }) => {
    guarantee('status-view');
    const { connectionString } = ownDatabase;
    await using app = await startBank(connectionString, { subscriptions: { leaseMs: 1_000 } });
    await app.projections.whenCaughtUp(balances);
    await using holder = await beginTransaction(connectionString);
    await holder.client.query('lock table leftfold__balances_v1.balances in access exclusive mode');
    await app.execute(deposit('stalled'));
    await until(async () => (await app.projections.status())[0]?.state === 'stalled', { timeoutMs: 20_000 });
    const [status] = await app.projections.status();
    expect(status?.notAdvancing).toMatch(/has not moved for \d+ s, though events wait/);
    await holder.rollback();
    await until(async () => (await app.projections.status())[0]?.state === 'running', { timeoutMs: 20_000 });
    expect((await app.projections.status())[0]?.advancedAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test('of leases is told on a channel, as a hand-over between processes', async ({
    ownDatabase: { connectionString },
  }) => {
    const told: { readonly name: string; readonly change: string; readonly epoch: number }[] = [];
    const onMessage = (message: unknown) => {
      const { name, change, epoch } = message as (typeof told)[number];
      if (name === 'balances') told.push({ name, change, epoch });
    };
    subscribe('leftfold:subscription.lease', onMessage);
    const first = await startBank(connectionString);
    await until(() => told.length > 0);
    await first.close();
    await using _second = await startBank(connectionString);
    await until(() => told.length >= 3);
    unsubscribe('leftfold:subscription.lease', onMessage);
    const [begun, ended, again] = told;
    expect([begun, ended]).toMatchObject([{ change: 'begun' }, { change: 'ended', epoch: begun?.epoch }]);
    expect(again).toMatchObject({ change: 'begun', epoch: (begun?.epoch ?? 0) + 1 });
  });
});
