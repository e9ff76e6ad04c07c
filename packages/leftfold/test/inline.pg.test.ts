import { account, accountEvents, openBalances } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { given } from '@leftfold/testing';
import { untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import {
  accepted,
  createApp,
  defineAggregate,
  defineEvents,
  defineProjection,
  defineTableProjection,
} from '../src/index.ts';
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

describe('data that the caller changes while its append is in flight', () => {
  // A schema that hands the caller's own list on.
  const shape = z.object({ items: z.custom<string[]>(Array.isArray) });
  const lists = defineEvents('list', { set: shape });
  const list = defineAggregate({
    events: lists,
    initialState: { items: [] as readonly string[] },
    evolve: { set: (_state, { items }) => ({ items }) },
    commands: {
      set: {
        input: shape,
        decide: (_state, { items }, emit) => {
          queueMicrotask(() => items.push('late'));
          return emit.set({ items });
        },
      },
    },
  });
  const listed = defineTableProjection({
    name: 'listed',
    mode: 'inline',
    events: [lists],
    columns: { id: 'text', items: 'jsonb' },
    key: ({ streamId }) => ({ id: streamId }),
    initialRow: { items: [] },
    evolve: { 'list.set': (row, { data }) => ({ ...row, items: data.items }) },
  });
  const start = (url: string) =>
    createApp({ aggregates: [list], projections: [listed], database: { url, maxConnections: 3 } });

  test('is in the log, the result, the cached state and the row as it was sent', async ({ ownDatabase }) => {
    await using app = await start(ownDatabase.connectionString);
    const items = ['sent'];
    const executing = app.execute(list.command.set('1', { items }));
    items.push('late');
    const { events } = accepted(await executing);
    expect(events[0]?.data).toEqual({ items: ['sent'] });
    events[0]?.data.items.push('of the result');
    expect((await app.load(list, '1')).state).toEqual({ items: ['sent'] });
    const appending = app.store.append('list-2', [lists.create.set({ items })], { metadata: { items } });
    items.push('later');
    const [appended] = (await appending).events;
    expect(appended).toMatchObject({
      data: { items: ['sent', 'late'] },
      metadata: { items: ['sent', 'late'] },
    });
    expect(await collect(app.store.readAll())).toMatchObject([
      { data: { items: ['sent'] } },
      { data: { items: ['sent', 'late'] } },
    ]);
    const rows = await app.query(listed).orderBy('id').execute();
    expect(rows.map((row) => row.items)).toEqual([['sent'], ['sent', 'late']]);
  });

  test('is in the state of a scenario as it was given', () => {
    const items = ['given'];
    const scenario = given(list, [lists.create.set({ items })]);
    items.push('late');
    expect(scenario.state).toEqual({ items: ['given'] });
  });
});
