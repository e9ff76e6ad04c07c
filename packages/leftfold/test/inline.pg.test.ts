import { account, accountEvents, openBalances } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { accepted, createApp, defineProjection } from '../src/index.ts';
import { startBank, test } from './app-test.ts';

type Bank = Awaited<ReturnType<typeof startBank>>;

const deposit = account.command.deposit;
const centsOf = async (app: Bank, accountId: string) =>
  (await app.query(openBalances).where('account_id', '=', accountId).executeTakeFirst())?.cents;

describe('an app that has just started', () => {
  test('shows its appends in its inline projections at once', async ({ ownDatabase }) => {
    guarantee('inline-in-step');
    await using app = await startBank(ownDatabase.connectionString);
    await app.execute(deposit('first', { cents: 3 }));
    expect(await centsOf(app, 'account-first')).toBe(3);
  });

  test('has applied the history to a new inline projection', async ({ ownDatabase }) => {
    guarantee('inline-history');
    {
      await using before = await startBank(ownDatabase.connectionString, { subscriptions: { run: false } });
      const history = Array.from({ length: 3_000 }, () => accountEvents.create.deposited({ cents: 1 }));
      await before.store.append('account-old', history);
      const early = before.query(openBalances, { timeoutMs: 50 }).execute();
      expect(await failureOf(early)).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
    }
    await using app = await startBank(ownDatabase.connectionString);
    await app.execute(deposit('old', { cents: 3 }));
    expect(await centsOf(app, 'account-old')).toBe(3_003);
  });

  test('has waited for the open append of a process without the projection', async ({ ownDatabase }) => {
    guarantee('inline-history');
    await using other = await startBank(ownDatabase.connectionString, { subscriptions: { run: false } });
    let released = false;
    const { starting } = await other.store.db.transaction().execute(async (transaction) => {
      await other.store.append('account-held', [accountEvents.create.deposited({ cents: 1 })], {
        transaction,
      });
      const starting = startBank(ownDatabase.connectionString).then((app) => ({ app, released }));
      await untilBlocked(ownDatabase.connectionString);
      released = true;
      return { starting };
    });
    const started = await starting;
    await using app = started.app;
    expect(started.released).toBe(true);
    await app.execute(deposit('held', { cents: 2 }));
    expect(await centsOf(app, 'account-held')).toBe(3);
  });

  test('does not wait for a stopped projection, which can be resumed later', async ({ ownDatabase }) => {
    {
      await using before = await startBank(ownDatabase.connectionString, { subscriptions: { run: false } });
      await before.execute(deposit('broken', { cents: 1 }));
    }
    let broken = true;
    const applied: number[] = [];
    const failing = defineProjection({
      name: 'failing',
      mode: 'inline',
      events: [accountEvents],
      tables: { nothing: { columns: { id: 'text' }, primaryKey: ['id'] } },
      on: {
        'account.deposited': async (_tx, { position }) => {
          if (broken) throw new Error('not yet');
          applied.push(position);
        },
      },
    });
    const told: boolean[] = [];
    await using app = await createApp({
      aggregates: [account],
      projections: [failing],
      database: { url: ownDatabase.connectionString },
      subscriptions: { onIncident: ({ stopped }) => told.push(stopped) },
    });
    expect(told).toContain(true);
    expect(await app.projections.status()).toMatchObject([{ name: 'failing', state: 'stopped' }]);
    broken = false;
    await app.projections.resume(failing);
    await app.projections.whenCaughtUp(failing);
    const { events } = accepted(await app.execute(deposit('broken', { cents: 1 })));
    expect(applied).toEqual([1, events[0]?.position]);
  });
});
