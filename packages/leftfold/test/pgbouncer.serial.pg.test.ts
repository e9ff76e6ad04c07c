import type { LogToken } from '@leftfold/core';
import { account, balances, openBalances } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { findProgram, killBackends, startPgBouncer } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createApp } from '../src/index.ts';

const program = findProgram('pgbouncer');
const test = databaseTest();
const { deposit } = account.command;

interface Incident {
  readonly error: unknown;
  readonly stopped: boolean;
}

function openApp(url: string, incidents: Incident[] = [], leaseMs = 500) {
  return createApp({
    database: { url, preparedStatements: false, listen: false },
    aggregates: [account],
    projections: [balances, openBalances],
    subscriptions: { leaseMs, onIncident: (incident) => incidents.push(incident) },
  });
}

type App = Awaited<ReturnType<typeof openApp>>;

const depositAll = (apps: readonly App[], times: number) =>
  Promise.all(
    Array.from({ length: times }, async (_, index) => {
      const app = apps[index % apps.length]!;
      return app.execute(deposit(String(index % 5), { cents: 1 }));
    }),
  );

/** All cents, as both projections have them. */
async function centsOf(app: App, atLeast: LogToken): Promise<readonly number[]> {
  const folded = await app.query(balances, { atLeast, timeoutMs: 20_000 }).execute();
  const inline = await app.query(openBalances).execute();
  return [folded, inline].map((rows) => rows.reduce((sum, { cents }) => sum + cents, 0));
}

describe.skipIf(program === undefined)('behind PgBouncer in transaction mode', () => {
  test.for([1, 2])(
    'apps share %i server connections, and wait for nothing of their own',
    async (size, { ownDatabase }) => {
      await using bouncer = await startPgBouncer(program ?? '', ownDatabase.connectionString, [
        `default_pool_size = ${size}`,
      ]);
      const incidents: Incident[] = [];
      await using first = await openApp(bouncer.connectionString, incidents, 60_000);
      await using second = await openApp(bouncer.connectionString, incidents, 60_000);
      await depositAll([first, second], 60);
      const { token } = await first.execute(deposit('1', { cents: 1 }));
      expect(await centsOf(second, token)).toEqual([61, 61]);
      const streamed = [];
      for await (const row of second.query(balances).stream(2)) streamed.push(row);
      expect(streamed).toHaveLength(5);
      await first.projections.reset(balances);
      expect(await centsOf(first, token)).toEqual([61, 61]);
      expect(incidents.map(({ error }) => String(error))).toEqual([]);
    },
  );

  test('server connections that are cut lose and repeat nothing', async ({ ownDatabase, ownPool }) => {
    guarantee('outages');
    await using bouncer = await startPgBouncer(program ?? '', ownDatabase.connectionString, [
      'default_pool_size = 4',
    ]);
    const incidents: Incident[] = [];
    await using app = await openApp(bouncer.connectionString, incidents);
    let cents = 0;
    for (let round = 0; round < 4; round += 1) {
      const working = Array.from({ length: 10 }, (_, index) =>
        app.execute(deposit(String(index % 5), { cents: 1 }), { commandId: `${round}-${index}` }),
      );
      await killBackends(ownPool, 'true');
      const results = await Promise.allSettled(working);
      for (const [index, { status }] of results.entries()) {
        if (status === 'rejected') {
          const again = () =>
            app.execute(deposit(String(index % 5), { cents: 1 }), { commandId: `${round}-${index}` });
          await until(
            () =>
              again().then(
                () => true,
                () => false,
              ),
            { message: 'the command to be accepted' },
          );
        }
        cents += 1;
      }
    }
    const { token } = await app.execute(deposit('1', { cents: 1 }));
    expect(await centsOf(app, token)).toEqual([cents + 1, cents + 1]);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
  });

  test('processes that share slices, and change their number, apply each event once', async ({
    ownDatabase,
    ownPool,
  }) => {
    guarantee('sliced-projections');
    await using bouncer = await startPgBouncer(program ?? '', ownDatabase.connectionString, [
      'default_pool_size = 4',
    ]);
    const incidents: Incident[] = [];
    const open = (slices: number, owner: string) =>
      createApp({
        database: { url: bouncer.connectionString, preparedStatements: false, listen: false },
        aggregates: [account],
        projections: [{ ...balances, slices }],
        subscriptions: { owner, leaseMs: 1_500, onIncident: (incident) => incidents.push(incident) },
      });
    const deposits = (apps: readonly Pick<App, 'execute'>[]) =>
      Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          apps[index % apps.length]!.execute(deposit(String(index % 20), { cents: 1 })),
        ),
      );
    const owners = async (app: Pick<App, 'projections'>) =>
      new Set((await app.projections.status())[0]?.slices.map(({ owner }) => owner?.split('/')[0])).size;
    await using first = await open(4, 'first');
    await using second = await open(4, 'second');
    await until(async () => (await owners(first)) === 2, { timeoutMs: 20_000 });
    await deposits([first, second]);
    await using third = await open(3, 'third');
    await deposits([first, second, third]);
    await killBackends(ownPool, "application_name like 'leftfold%'");
    await until(async () => (await third.projections.status())[0]?.slices.length === 3, {
      timeoutMs: 20_000,
    });
    await until(async () => (await owners(third)) === 3, { timeoutMs: 20_000 });
    const results = await deposits([first, second, third]);
    for (const { token } of results)
      await third.projections.waitFor({ ...balances, slices: 3 }, token, { timeoutMs: 20_000 });
    const { rows } = await ownPool.query(
      'select count(*)::integer as accounts, sum(cents)::integer as cents, sum(events)::integer as events from leftfold__balances_v1.balances',
    );
    expect(rows).toEqual([{ accounts: 20, cents: 180, events: 180 }]);
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
  });

  test('calls wait while it is paused, and fail with a typed error after query_wait_timeout', async ({
    ownDatabase,
    ownPool,
  }) => {
    await using bouncer = await startPgBouncer(program ?? '', ownDatabase.connectionString, [
      'query_wait_timeout = 1',
    ]);
    const incidents: Incident[] = [];
    await using app = await openApp(bouncer.connectionString, incidents);
    await app.execute(deposit('1', { cents: 1 }));
    await bouncer.command('PAUSE');
    // Another process appends meanwhile.
    const event = JSON.stringify([{ type: 'account.deposited', data: { cents: 1 } }]);
    await ownPool.query('select leftfold.append($1, $2)', ['account-2', event]);
    expect(await failureOf(app.status())).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await until(() => incidents.length > 0, { message: 'the runner to report it' });
    await bouncer.command('RESUME');
    await until(
      async () => (await ownPool.query('select from leftfold__balances_v1.balances')).rows.length === 2,
      { message: 'the projection to go on by itself' },
    );
    expect(incidents.filter(({ stopped }) => stopped)).toEqual([]);
    const waiting = app.execute(deposit('1', { cents: 1 }));
    expect(await waiting).toMatchObject({ outcome: 'accepted' });
  });

  test('prepared statements that it does not keep are refused by the name of the option', async ({
    ownDatabase,
  }) => {
    await using bouncer = await startPgBouncer(program ?? '', ownDatabase.connectionString, [
      'default_pool_size = 1',
    ]);
    const preparing = async () => {
      const database = { url: bouncer.connectionString, listen: false };
      await using app = await createApp({ database, aggregates: [account] });
      const round = () =>
        Promise.all(
          Array.from({ length: 10 }, (_, index) => app.execute(deposit(String(index), { cents: 1 }))),
        );
      for (;;) await round();
    };
    const failure = await failureOf(preparing());
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(String(failure)).toContain('set preparedStatements: false');
  });
});
